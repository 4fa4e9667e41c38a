using Ambient.Playground.Lab;
using Ambient.Playground.Mesh;
using Ambient.Playground.Processes;

namespace Ambient.Playground.Demo;

/// <summary>The demo's cluster: a small shop on two nodes.</summary>
internal sealed class Shop(MeshLab mesh, LabPod web, LabPod batch, LabPod cart) : IAsyncDisposable
{
    public const int Port = 8080;
    public const string ServiceAddress = "10.96.0.10";

    public MeshLab Mesh { get; } = mesh;
    public LabPod Web { get; } = web;
    public LabPod Batch { get; } = batch;
    public LabPod Cart { get; } = cart;

    public IReadOnlyList<LabPod> Pods => [Web, Batch, Cart];

    public string CartUrl => $"http://{Cart.Address.V4}:{Port}";

    public static async Task<Shop> OpenAsync()
    {
        var mesh = await MeshLab.StartAsync(["node1", "node2"]);
        try
        {
            var web = await mesh.AddPodAsync(mesh.Nodes[0], "web", "web", "shop");
            var batch = await mesh.AddPodAsync(mesh.Nodes[0], "batch", "batch", "shop");
            var cart = await mesh.AddPodAsync(mesh.Nodes[1], "cart", "cart", "shop");
            cart.Start("application", Environment.ProcessPath!, "application", cart.Name, $"{Port}");
            mesh.Services.Add(new("cart", "shop", [ServiceAddress], new Dictionary<int, int> { [80] = Port }, [cart]));
            await mesh.PublishAsync();
            var shop = new Shop(mesh, web, batch, cart);
            await Until.TrueAsync(async () => (await shop.CurlAsync(web, shop.CartUrl)).Succeeded, "the cart answers");
            return shop;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public Task<CommandResult> CurlAsync(LabPod from, string url) => from.RunAsync("curl", "-sS", "--max-time", "5", url);

    public ValueTask DisposeAsync() => Mesh.DisposeAsync();
}
