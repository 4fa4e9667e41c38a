using Ambient.CniAgent.Redirection;

namespace Ambient.CniAgent.PodNamespaces;

/// <summary>A pod that is to be in the mesh, as its owner describes it.</summary>
/// <param name="Uid">Names the pod towards the node proxy.</param>
/// <param name="NetworkNamespace">Path of its network namespace; empty if it has to be found by the pod's processes.</param>
/// <param name="Addresses">If given, one of them must be configured there: the namespace is this pod's, not another's.</param>
internal sealed record PodSpec(
    string Uid, string Name, string Namespace, string ServiceAccount, string NetworkNamespace,
    Model.EquatableArray<string> Addresses, RedirectSettings Redirection)
{
    /// <summary>How people call it.</summary>
    public override string ToString() => $"{Namespace}/{Name} ({Uid})";
}
