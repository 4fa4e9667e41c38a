using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Patching;
using Ambient.Playground.Api.Schemas;

namespace Ambient.Playground.Api.Storage;

public sealed partial class ObjectStore
{
    private const string NameLetters = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>Creates an object; kind and namespace are the document's own.</summary>
    /// <exception cref="StatusException">AlreadyExists, Invalid, NotFound (its namespace), Forbidden (its namespace is ending).</exception>
    public StoredObject Create(JsonObject document, WriteOptions? options = null)
    {
        var (kind, version) = Kinds.FindDocument(document.Text("apiVersion"), document.Text("kind"))
            ?? throw StatusException.BadRequest($"no kind \"{document.Text("kind")}\" in version \"{document.Text("apiVersion")}\" is served");
        return Create(kind, document.Text("metadata", "namespace") ?? "", document, (options ?? WriteOptions.Default) with { Version = version.Name });
    }

    public StoredObject Create(ResourceKind kind, string ns, JsonObject document, WriteOptions options)
    {
        lock (_gate)
        {
            kind = Table(kind).Kind;
            var metadata = document.Child("metadata");
            PlaceInNamespace(kind, ns, metadata);
            CheckNamespace(kind, ns);
            Name(kind, metadata);
            var table = Table(kind);
            var name = metadata.Text("name")!;
            if (table.Find(ns, name) is not null) throw StatusException.AlreadyExists(kind, name);
            if (_options.MaxObjects <= _byUid.Count)
                throw StatusException.Forbidden($"the playground holds {_byUid.Count} objects, its limit; delete some or raise ObjectStoreOptions.MaxObjects");

            if (kind.HasStatus && options.Subresource.Length == 0 && _rules.For(kind).StatusStartsEmpty) document.Remove("status");
            foreach (var field in (ReadOnlySpan<string>)["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"])
                metadata.Remove(field);
            metadata["uid"] = NewUid();
            metadata["creationTimestamp"] = Now();
            if (CountsGenerations(kind)) metadata["generation"] = 1;

            document = Settle(kind, document, old: null, options);
            Track(kind, null, document, options);
            if (options.DryRun) return new(kind, document, _version);
            var stored = new StoredObject(kind, document, NextVersion());
            Put(table, stored, old: null);
            CollectIfOwnersAreGone(stored);
            return stored;
        }
    }

    /// <summary>Changes an object as a whole; <paramref name="change"/> gets a copy of its newest state and returns the next one.</summary>
    /// <param name="change">Runs under the store's lock: short, and without calls of the store.</param>
    /// <returns>The newest state; the same as before if nothing changed.</returns>
    /// <exception cref="StatusException">NotFound, Conflict (the document carries an old resourceVersion), Invalid.</exception>
    public StoredObject Update(ResourceKind kind, string ns, string name, Func<JsonObject, JsonObject> change, WriteOptions? options = null)
    {
        options ??= WriteOptions.Default;
        lock (_gate)
        {
            kind = Table(kind).Kind;
            var table = Table(kind);
            var current = table.Find(ns, name) ?? throw StatusException.NotFound(kind, name);
            var old = current.Copy();
            var shown = current.Copy();
            if (options.Version is { } asked) shown["apiVersion"] = kind.ApiVersionOf(asked);
            var next = change(shown);
            CheckIdentity(kind, current, next);
            next = OnlySubresource(kind, old, next, options.Subresource);
            KeepServerFields(old, next);
            next = Settle(kind, next, old, options);
            if (CountsGenerations(kind) && WantedChanged(old, next))
                next.Child("metadata")["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
            if (SameContent(old, next, options.OwnershipIsSettled)) return current;
            Track(kind, old, next, options);
            if (options.DryRun) return new(kind, next, _version);

            var stored = new StoredObject(kind, next, NextVersion());
            Put(table, stored, current);
            if (stored.IsEnding) FinishIfNothingHolds(stored);
            else CollectIfOwnersAreGone(stored);
            return table.Find(ns, name) ?? stored;
        }
    }

    /// <summary>Server-side apply: creates the object, or changes the fields that the document names.</summary>
    /// <param name="force">Takes fields over from other owners instead of a conflict.</param>
    /// <exception cref="StatusException">Conflict: other owners set those fields to something else; Invalid.</exception>
    public StoredObject Apply(ResourceKind kind, string ns, string name, JsonObject wanted, bool force, WriteOptions options)
    {
        lock (_gate)
        {
            kind = Table(kind).Kind;
            var version = kind.FindVersion(options.Version ?? kind.Storage.Name) ?? kind.Storage;
            var applied = new AppliedChange(kind, version, options, Now());
            options = options with { OwnershipIsSettled = true };
            if (Table(kind).Find(ns, name) is not null)
                return Update(kind, ns, name, live => applied.Merge(live, wanted, force), options);
            if (options.Subresource.Length > 0) throw StatusException.NotFound(kind, name);
            if (wanted.Text("metadata", "uid") is { } uid)
                throw StatusException.Conflict(kind, name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            wanted.Child("metadata")["name"] = name;
            return Create(kind, ns, applied.Merge(null, wanted, force), options);
        }
    }

    private void PlaceInNamespace(ResourceKind kind, string ns, JsonObject metadata)
    {
        var written = metadata.Text("namespace");
        if (!kind.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }
        if (ns.Length == 0) throw StatusException.BadRequest("an empty namespace may not be set during creation");
        if (written is { Length: > 0 } && written != ns)
            throw StatusException.BadRequest($"the namespace of the provided object does not match the namespace sent on the request: {written} is not {ns}");
        metadata["namespace"] = ns;
    }

    private void CheckNamespace(ResourceKind kind, string ns)
    {
        if (!kind.Namespaced) return;
        var namespaces = Kinds.Get("", "Namespace");
        var found = Table(namespaces).Find("", ns) ?? throw StatusException.NotFound(namespaces, ns);
        if (found.IsEnding)
            throw StatusException.Forbidden($"unable to create new content in namespace {ns} because it is being terminated", new JsonObject
            {
                ["name"] = ns, ["kind"] = "namespaces",
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "NamespaceTerminating", ["message"] = $"namespace {ns} is being terminated", ["field"] = "metadata.namespace" }),
            });
    }

    private void Name(ResourceKind kind, JsonObject metadata)
    {
        if (metadata.Text("name") is { Length: > 0 }) return;
        if (metadata.Text("generateName") is not { Length: > 0 } prefix)
            throw StatusException.Invalid(kind, "", [FieldProblem.Required("metadata.name", "name or generateName is required")]);
        // Names end at 63 characters where they become labels, so long prefixes are cut.
        var cut = prefix.Length > 58 ? prefix[..58] : prefix;
        metadata["name"] = cut + new string(_names.GetItems<char>(NameLetters, 5));
    }

    private string NewUid()
    {
        Span<byte> bytes = stackalloc byte[16];
        _names.NextBytes(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40); // RFC 9562 §5.4: version 4, variant 10
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    private static void CheckIdentity(ResourceKind kind, StoredObject current, JsonObject next)
    {
        var metadata = next.Child("metadata");
        var name = metadata.Text("name") ?? current.Name;
        if (name != current.Name) throw StatusException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({current.Name})");
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != current.Uid)
            throw StatusException.Conflict(kind, current.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}");
        if (metadata.Text("resourceVersion") is { Length: > 0 } version
            && version != current.Version.ToString(System.Globalization.CultureInfo.InvariantCulture))
            throw StatusException.Modified(kind, current.Name);
    }

    private static JsonObject OnlySubresource(ResourceKind kind, JsonObject old, JsonObject next, string subresource)
    {
        if (subresource == "status")
        {
            var result = (JsonObject)old.DeepClone();
            if (next["status"] is { } status) result["status"] = status.DeepClone();
            else result.Remove("status");
            if (next["metadata"].At("managedFields") is { } fields) result.Child("metadata")["managedFields"] = fields.DeepClone();
            // As in a cluster: whoever may write the status of a pod or a node may write its labels and annotations that way.
            if (kind is { Group: "", Kind: "Pod" or "Node" }) KeepMarks(next, result);
            return result;
        }
        if (kind.HasStatus && subresource.Length == 0)
        {
            if (old["status"] is { } status) next["status"] = status.DeepClone();
            else next.Remove("status");
        }
        return next;
    }

    private static void KeepMarks(JsonObject from, JsonObject to)
    {
        foreach (var field in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            if (from["metadata"].At(field) is { } value) to.Child("metadata")[field] = value.DeepClone();
            else to.Child("metadata").Remove(field);
        }
    }

    private static void KeepServerFields(JsonObject old, JsonObject next)
    {
        var (from, to) = (old.Child("metadata"), next.Child("metadata"));
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"])
        {
            if (from[field] is { } value) to[field] = value.DeepClone();
            else to.Remove(field);
        }
    }

    private JsonObject Settle(ResourceKind kind, JsonObject document, JsonObject? old, WriteOptions options)
    {
        var version = kind.FindVersion(options.Version ?? kind.Storage.Name) ?? kind.Storage;
        var check = new SchemaCheck(kind.IsCustom);
        check.Complete(version.Schema, document);
        check.ReportUnknown(kind, version, options);
        var name = document.Text("metadata", "name") ?? "";
        MetadataCheck.Check(kind, document, check.Problems);
        if (check.Problems.Count == 0) _rules.For(kind).Check(this, document, old, check.Problems);
        if (check.Problems.Count > 0) throw StatusException.Invalid(kind, name, check.Problems);

        // apiVersion and kind first, as everybody expects to read them.
        var ordered = new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind };
        foreach (var (field, value) in document.ToList())
        {
            if (field is "apiVersion" or "kind") continue;
            document.Remove(field);
            ordered[field] = value;
        }
        return ordered;
    }

    private static bool CountsGenerations(ResourceKind kind) => kind.IsCustom || kind.Storage.Schema.Properties.ContainsKey("spec");

    private static bool WantedChanged(JsonObject old, JsonObject next)
    {
        static IEnumerable<KeyValuePair<string, JsonNode?>> Wanted(JsonObject document) =>
            document.Where(field => field.Key is not ("apiVersion" or "kind" or "metadata" or "status"));
        return Wanted(old).Count() != Wanted(next).Count()
            || Wanted(old).Any(field => !JsonNode.DeepEquals(field.Value, next[field.Key]));
    }

    private static bool SameContent(JsonObject old, JsonObject next, bool withFields)
    {
        if (old.Count != next.Count) return false;
        foreach (var (name, value) in old)
        {
            if (name != "metadata" && !JsonNode.DeepEquals(value, next[name])) return false;
        }
        var (before, after) = ((JsonObject)old.Child("metadata").DeepClone(), (JsonObject)next.Child("metadata").DeepClone());
        if (withFields)
        {
            if (!OwnedFields.SameOwners(before["managedFields"], after["managedFields"])) return false;
        }
        before.Remove("managedFields");
        after.Remove("managedFields");
        return JsonNode.DeepEquals(before, after);
    }

    private void Track(ResourceKind kind, JsonObject? old, JsonObject next, WriteOptions options)
    {
        if (!_options.TracksFields) next.Child("metadata").Remove("managedFields");
        else if (!options.OwnershipIsSettled) OwnedFields.TrackUpdate(kind, old, next, options, Now());
    }
}
