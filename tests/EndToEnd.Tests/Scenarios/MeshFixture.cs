using Ambient.Lab.Network;
using Ambient.Lab.Mesh;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Two nodes with the mesh on them: web and near on the first, cart on the second; and a pod outside the mesh on each.</summary>
public class MeshFixture : IAsyncLifetime
{
    public MeshLab Mesh { get; private set; } = null!;
    public LabPod Web { get; private set; } = null!;
    public LabPod Near { get; private set; } = null!;
    public LabPod Cart { get; private set; } = null!;
    public LabPod PlainHere { get; private set; } = null!;
    public LabPod PlainThere { get; private set; } = null!;

    public MeshNode Here => Mesh.Nodes[0];
    public MeshNode There => Mesh.Nodes[1];

    protected virtual IEnumerable<KeyValuePair<string, string>> Settings => [];

    public async ValueTask InitializeAsync()
    {
        Mesh = await MeshLab.StartAsync(["n1", "n2"], Settings);
        Web = await Mesh.AddPodAsync(Here, "web", "web", "shop");
        Near = await Mesh.AddPodAsync(Here, "near", "near", "shop");
        Cart = await Mesh.AddPodAsync(There, "cart", "cart", "shop");
        PlainHere = await Mesh.AddPodAsync(Here, "plain-here", "plain", "outside");
        PlainThere = await Mesh.AddPodAsync(There, "plain-there", "plain", "outside");
        await Mesh.EnrolAsync(Web, Near, Cart);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Mesh is not null) await Mesh.DisposeAsync();
    }
}
