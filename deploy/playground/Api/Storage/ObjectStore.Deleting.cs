using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Storage;

// Deletion: what holds an object back (finalizers, a node that still runs it, dependents, contents), and what follows it.
public sealed partial class ObjectStore
{
    private const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Deletes an object, or marks it as ending if something holds it.</summary>
    /// <returns>The last state, and whether it is gone.</returns>
    /// <exception cref="StatusException">NotFound; Conflict: a precondition does not hold.</exception>
    public (StoredObject Last, bool Gone) Delete(ResourceKind kind, string ns, string name, DeleteOptions? options = null)
    {
        options ??= DeleteOptions.Default;
        lock (_gate)
        {
            var current = Table(kind).Find(ns, name) ?? throw StatusException.NotFound(kind, name);
            CheckPreconditions(current, options);
            if (options.DryRun) return (current, true);
            return End(current, options);
        }
    }

    /// <summary>Empties a custom kind before it goes away, finalizers or not.</summary>
    internal void Drop(ResourceKind kind)
    {
        lock (_gate)
        {
            var table = Table(kind);
            foreach (var value in table.List("").ToList()) Remove(value);
            table.History.Close();
            _tables.Remove((kind.Group, kind.Plural));
        }
    }

    /// <summary>The definition of a custom kind changed: its objects are served by the new one.</summary>
    internal void Redefine(ResourceKind kind)
    {
        lock (_gate) Table(kind).Kind = kind;
    }

    private static void CheckPreconditions(StoredObject current, DeleteOptions options)
    {
        if (options.Uid is { } uid && uid != current.Uid)
            throw StatusException.Conflict(current.Kind, current.Name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}");
        var version = current.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (options.ResourceVersion is { } asked && asked != version)
            throw StatusException.Conflict(current.Kind, current.Name,
                $"Precondition failed: ResourceVersion in precondition: {asked}, ResourceVersion in object meta: {version}");
    }

    private (StoredObject, bool) End(StoredObject current, DeleteOptions options)
    {
        _rules.For(current.Kind).Deleting(current);
        if (options.Propagation == Propagation.Orphan) Orphan(current);
        var waits = options.Propagation == Propagation.Foreground && DependentsOf(current).Any(dependent => Blocks(dependent, current));
        var grace = Grace(current, options);
        var document = current.Copy();
        var held = waits || grace > 0 || Finalizers(document).Any() || HoldsContents(current);
        if (!held) return (Remove(current), true);

        var ending = MarkEnding(current, document, grace, waits);
        if (current.Kind is { Group: "", Kind: "Namespace" }) EmptyNamespace(current.Name);
        foreach (var dependent in waits ? DependentsOf(current) : [])
            if (!dependent.IsEnding) End(dependent, options with { GracePeriodSeconds = null });
        var last = _byUid.GetValueOrDefault(current.Uid);
        return (last ?? ending, last is null);
    }

    private StoredObject MarkEnding(StoredObject current, JsonObject document, long grace, bool waits)
    {
        var metadata = document.Child("metadata");
        var known = current.IsEnding && (metadata.Number("deletionGracePeriodSeconds") ?? 0) <= grace;
        if (!known)
        {
            metadata["deletionTimestamp"] = Timestamps.Write(_time.GetUtcNow() + TimeSpan.FromSeconds(grace));
            metadata["deletionGracePeriodSeconds"] = grace;
            if (metadata.Number("generation") is { } generation) metadata["generation"] = generation + 1;
        }
        if (waits && !Finalizers(document).Contains(ForegroundFinalizer))
        {
            var finalizers = metadata["finalizers"] as JsonArray ?? [];
            if (finalizers.Parent is null) metadata["finalizers"] = finalizers;
            finalizers.Add((JsonNode)ForegroundFinalizer);
        }
        else if (known)
        {
            return current;
        }
        _rules.For(current.Kind).Ending(document);
        var ending = new StoredObject(current.Kind, document, NextVersion());
        Put(Table(current.Kind), ending, current);
        return ending;
    }

    // A pod on a node ends when its node says so (it deletes it again, with no grace); all others at once.
    private long Grace(StoredObject current, DeleteOptions options)
    {
        if (current.Kind is not { Group: "", Kind: "Pod" }) return 0;
        var pod = current.Copy();
        if (pod.Text("spec", "nodeName") is not { Length: > 0 } || pod.Text("status", "phase") is "Succeeded" or "Failed") return 0;
        return Math.Max(0, options.GracePeriodSeconds ?? pod.Number("spec", "terminationGracePeriodSeconds") ?? 30);
    }

    private StoredObject Remove(StoredObject current)
    {
        var table = Table(current.Kind);
        if (table.Find(current.Namespace, current.Name)?.Uid != current.Uid) return current; // already, by what it set off
        var last = new StoredObject(current.Kind, current.Copy(), NextVersion());
        table.Remove(current);
        Unlink(current);
        table.History.Append(new(WatchEventType.Deleted, last, current));
        _rules.For(current.Kind).Removed(this, current);
        CollectDependents(current);
        foreach (var owner in current.Owners)
            if (_byUid.TryGetValue(owner, out var waiting) && waiting.IsEnding) FinishIfNothingHolds(waiting);
        FinishNamespace(current);
        return last;
    }

    private void FinishIfNothingHolds(StoredObject ending)
    {
        var document = ending.Copy();
        var finalizers = Finalizers(document).ToList();
        if (finalizers.Contains(ForegroundFinalizer) && !DependentsOf(ending).Any(dependent => Blocks(dependent, ending)))
            finalizers.Remove(ForegroundFinalizer);
        var grace = document.Number("metadata", "deletionGracePeriodSeconds") ?? 0;
        if (finalizers.Count == 0 && grace == 0 && !HoldsContents(ending)) Remove(ending);
    }

    private static IEnumerable<string> Finalizers(JsonObject document) => document.TextsAt("metadata", "finalizers");

    private IReadOnlyList<StoredObject> DependentsOf(StoredObject owner) => Dependents(owner.Uid);

    private static bool Blocks(StoredObject dependent, StoredObject owner) => dependent.Copy().ObjectsAt("metadata", "ownerReferences")
        .Any(reference => reference.Text("uid") == owner.Uid && reference.Flag("blockOwnerDeletion"));

    // An object goes when the last of its owners has gone; until then it only loses the reference.
    private void CollectDependents(StoredObject gone)
    {
        foreach (var dependent in DependentsOf(gone))
        {
            if (!_byUid.ContainsKey(dependent.Uid)) continue;
            if (dependent.Owners.Any(_byUid.ContainsKey)) Disown(dependent, gone);
            else if (!dependent.IsEnding) End(dependent, DeleteOptions.Default);
            else FinishIfNothingHolds(dependent);
        }
    }

    private void CollectIfOwnersAreGone(StoredObject stored)
    {
        if (stored.Owners.Count > 0 && !stored.Owners.Any(_byUid.ContainsKey)) End(stored, DeleteOptions.Default);
    }

    private void Orphan(StoredObject owner)
    {
        foreach (var dependent in DependentsOf(owner)) Disown(dependent, owner);
    }

    private void Disown(StoredObject dependent, StoredObject owner)
    {
        var document = dependent.Copy();
        var kept = document.ObjectsAt("metadata", "ownerReferences").Where(reference => reference.Text("uid") != owner.Uid).ToList();
        var metadata = document.Child("metadata");
        metadata.Remove("ownerReferences");
        if (kept.Count > 0) metadata["ownerReferences"] = new JsonArray([.. kept.Select(reference => reference.DeepClone())]);
        Put(Table(dependent.Kind), new(dependent.Kind, document, NextVersion()), dependent);
    }

    private bool HoldsContents(StoredObject value)
    {
        if (value.Kind is { Group: "", Kind: "Namespace" }) return _tables.Values.Any(table => table.HasAny(value.Name));
        return false;
    }

    private void EmptyNamespace(string ns)
    {
        foreach (var table in _tables.Values.ToList())
            foreach (var value in table.List(ns).ToList())
                if (_byUid.TryGetValue(value.Uid, out var current) && !current.IsEnding) End(current, DeleteOptions.Default);
    }

    private void FinishNamespace(StoredObject removed)
    {
        if (removed.Namespace.Length == 0) return;
        if (Table(Kinds.Get("", "Namespace")).Find("", removed.Namespace) is { IsEnding: true } ending) FinishIfNothingHolds(ending);
    }
}
