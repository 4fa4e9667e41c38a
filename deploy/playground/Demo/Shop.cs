using Ambient.Playground.Cluster;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Demo;

/// <summary>The demo's cluster: a small shop on two nodes.</summary>
internal sealed class Shop(ClusterLab cluster, LabPod web, LabPod batch, LabPod cart) : IAsyncDisposable
{
    public const int Port = 8080;
    public const string ServiceAddress = "10.96.0.10";

    public ClusterLab Cluster { get; } = cluster;
    public LabPod Web { get; } = web;
    public LabPod Batch { get; } = batch;
    public LabPod Cart { get; } = cart;

    public IReadOnlyList<LabPod> Pods => [Web, Batch, Cart];

    public string CartUrl => $"http://{Cart.Address.V4}:{Port}";

    public static async Task<Shop> OpenAsync()
    {
        var cluster = await ClusterLab.StartAsync(["node1", "node2"]);
        try
        {
            var web = await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop");
            var batch = await cluster.AddPodAsync(cluster.Nodes[0], "batch", "batch", "shop");
            var cart = await cluster.AddPodAsync(cluster.Nodes[1], "cart", "cart", "shop");
            cart.Start("application", Environment.ProcessPath!, "application", cart.Name, $"{Port}");
            var shop = new Shop(cluster, web, batch, cart);
            await Until.TrueAsync(async () => (await shop.CurlAsync(web, shop.CartUrl)).Succeeded, "the cart answers");
            return shop;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public Task<CommandResult> CurlAsync(LabPod from, string url) => from.RunAsync("curl", "-sS", "--max-time", "5", url);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
