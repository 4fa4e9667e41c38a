using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Whom a ServiceEntry itself wants to be seen by (<c>exportTo</c>).</summary>
/// <param name="Visibility">The nearest that can be had.</param>
/// <param name="IsExact">False where it is for some namespaces beside its own, and so is seen by all.</param>
internal readonly record struct EntryExport(EntryVisibility Visibility, bool IsExact)
{
    public static EntryExport Of(ServiceEntry entry)
    {
        var names = entry.Spec?.ExportTo ?? [];
        if (names.Count == 0 || names.Contains("*")) return new(EntryVisibility.Public, true);
        var seeing = names.Where(static name => name != "~").ToList(); // that stands for none
        if (seeing.Count == 0) return new(EntryVisibility.None, true);
        return seeing.TrueForAll(name => name == "." || name == entry.Metadata.Namespace)
            ? new(EntryVisibility.Namespace, true)
            : new(EntryVisibility.Public, false);
    }
}
