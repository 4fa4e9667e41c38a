using Ambient.ControlPlane.Indexing.Graph;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing.Backends;

/// <summary>A BackendTLSPolicy, read and checked by itself: what it refers to is not looked up yet.</summary>
/// <param name="Tls">Without the authorities of <paramref name="Authorities"/>.</param>
/// <param name="Authorities">Empty: those of the waypoint's system.</param>
/// <param name="Problem">Why it cannot be honoured, so that its services are not reached; null if it can.</param>
/// <param name="Remark">What of it means nothing here; empty for none.</param>
internal sealed record BackendTlsFacts(
    ObjectName Name, DateTimeOffset Created, EquatableArray<BackendTarget> Targets, ServerTls Tls, EquatableArray<AuthorityReference> Authorities, string? Problem, string Remark)
{
    /// <summary>Who goes before whom where two are for the same.</summary>
    public static int Compare(BackendTlsFacts left, BackendTlsFacts right) =>
        left.Created.CompareTo(right.Created) is not 0 and var order ? order : string.CompareOrdinal(left.Name.Name, right.Name.Name);
}

/// <param name="Service">Null for what is no service of the policy's namespace.</param>
/// <param name="Section">Name of a port; empty for the whole service.</param>
internal sealed record BackendTarget(SectionTargetReference Reference, TargetKey? Service, string Section);

/// <param name="Map">Null for a kind that has no authorities.</param>
internal sealed record AuthorityReference(string Text, ObjectName? Map);

/// <summary>What became of the authorities that a policy names.</summary>
/// <param name="Pem">Of those that can be used.</param>
/// <param name="Unresolved">Reason and message where one cannot be.</param>
internal sealed record ResolvedAuthorities(string Pem, (string Reason, string Message)? Unresolved);
