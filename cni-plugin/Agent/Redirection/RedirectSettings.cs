using Ambient.Model;

namespace Ambient.CniAgent.Redirection;

/// <summary>What a pod may choose about its redirection.</summary>
/// <param name="CaptureDns">DNS over UDP and TCP goes to the node proxy.</param>
/// <param name="BypassInbound">Plaintext from outside reaches the pod directly; outbound capture and HBONE stay.</param>
/// <param name="VirtualInterfaces">TCP that comes in on these is somebody's outbound traffic (virtual machines in the pod).</param>
/// <param name="ProbePorts">TCP ports, in order, on which the kubelet asks the pod how it is: from this node's addresses they are reached directly.</param>
internal sealed record RedirectSettings(
    bool CaptureDns, bool BypassInbound, EquatableArray<string> VirtualInterfaces, EquatableArray<ushort> ProbePorts);
