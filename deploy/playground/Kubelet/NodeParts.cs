using System.Net;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Controllers;
using Ambient.Playground.Kubelet.Networking;
using Ambient.Playground.Kubelet.Sandboxes;

namespace Ambient.Playground.Kubelet;

/// <summary>What the pods of one node share.</summary>
internal sealed record NodeParts(
    ObjectStore Store, NodeFiles Files, ContainerRuntime Runtime, PodVolumes Volumes, NamespaceSockets Sockets, EventRecorder Events, IReadOnlyList<IPAddress> NodeAddresses)
{
    public ResourceKind Pods { get; } = Store.Kinds.Get("", "Pod");
}
