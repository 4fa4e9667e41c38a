using System.Globalization;
using Ambient.Lab.Mesh;
using Ambient.Load.Results;

namespace Ambient.Load.Tunnel;

/// <summary>Very many connections that end in all kinds of ways while policies change; then the proxies must be as they were.</summary>
internal sealed class SoakRun(int connections)
{
    private const int WarmUp = 2_000;
    private const int PolicyChanges = 8;
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromMinutes(20);

    /// <returns>0 if descriptors are back and RSS is within 15 % of what it was.</returns>
    public async Task<int> RunAsync()
    {
        await using var mesh = await MeshLab.StartAsync(["n1", "n2"], KeyValuePair.Create("RUST_LOG", "off"));
        var client = await mesh.AddPodAsync(mesh.Nodes[0], "client", "client", "load");
        var server = await mesh.AddPodAsync(mesh.Nodes[1], "server", "server", "load");
        await mesh.EnrolAsync(client, server);
        server.Start("application", Environment.ProcessPath!, "serve", "0.0.0.0:7000");
        var target = $"{server.Address.V4}:7000";

        await ChurnAsync(WarmUp);
        var before = Usage.Of(mesh);
        Say($"before: {before}");
        var churn = ChurnAsync(connections);
        for (var i = 0; i < PolicyChanges; i++) await ChangePolicyAsync(mesh, i);
        await churn;
        await Task.Delay(Afterwards, TimeProvider.System);
        var after = Usage.Of(mesh);
        Say($"after:  {after}");
        return after.Descriptors <= before.Descriptors + 4 && after.ResidentKiB <= before.ResidentKiB * 1.15 ? 0 : 1;

        async Task ChurnAsync(int count)
        {
            using var load = LoadProcess.Start(client, "churn", target, "64", $"{count}");
            var report = await load.ReadReportAsync(OpeningLimit);
            Say($"{report["connections"]:0} connections, {report["failed"]:0} cut");
        }
    }

    private static async Task ChangePolicyAsync(MeshLab mesh, int turn)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        mesh.Policies.Clear();
        var subject = turn % 2 == 0 ? "client" : "nobody";
        mesh.Policies.Add(new("soak", "load", "Namespace", "Deny", $"[[[{{principals: [!Exact cluster.local/ns/load/sa/{subject}]}}]]]"));
        if (turn == PolicyChanges - 1) mesh.Policies.Clear();
        await mesh.PublishAsync();
    }

    private static void Say(string line) => Console.WriteLine(line);

    private sealed record Usage(int Descriptors, double ResidentKiB)
    {
        public static Usage Of(MeshLab mesh) => new(
            mesh.Nodes.Sum(node => Directory.GetFiles($"/proc/{node.Ztunnel.Id}/fd").Length),
            mesh.Nodes.Sum(node => ProcessMemory.Of(node.Ztunnel.Id).Resident));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Descriptors} descriptors, {ResidentKiB / 1024:0.0} MiB in both proxies");
    }
}
