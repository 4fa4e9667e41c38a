using Ambient.Lab.Network;

namespace Ambient.Footprint.Deployments;

/// <summary>A way to have a mesh, or none: what runs on the node besides the pods' applications, and how a client on another node reaches a pod.</summary>
internal interface IDeployment : IAsyncDisposable
{
    /// <summary>On the node that is measured. The application of each listens on port 7000, every address.</summary>
    IReadOnlyList<LabPod> Pods { get; }

    /// <summary>The processes whose footprint it is: everything that a node would not need otherwise.</summary>
    IReadOnlyList<int> Processes { get; }

    /// <summary>A byte stream to the application of a pod, encrypted on the wire unless there is no mesh; the caller's to dispose.</summary>
    Task<Stream> ConnectAsync(LabPod pod);
}
