using System.Text.Json.Nodes;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>What the API does for one kind beyond its schema. Called under the store's lock.</summary>
public class KindRules
{
    internal static readonly KindRules None = new();

    /// <summary>A new object has no status but what <see cref="Check"/> gives it.</summary>
    public virtual bool StatusStartsEmpty => true;

    /// <summary>Completes and checks a document that is about to be kept; its schema holds already.</summary>
    /// <param name="old">Null for a new object.</param>
    public virtual void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
    }

    /// <summary>After a write.</summary>
    public virtual void Stored(ObjectStore store, StoredObject value)
    {
    }

    /// <exception cref="StatusException">It may not be deleted.</exception>
    public virtual void Deleting(StoredObject value)
    {
    }

    /// <summary>Shows in the document that it is ending.</summary>
    public virtual void Ending(JsonObject document)
    {
    }

    /// <summary>After it is gone.</summary>
    public virtual void Removed(ObjectStore store, StoredObject value)
    {
    }
}
