using System.Diagnostics;

namespace Ambient.Scale;

/// <summary>One real node proxy, on a node without pods: what does it cost to hold the mesh?</summary>
internal static class ScaleProxy
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(Uri address, string program)
    {
        await ScaleNodes.FetchRootsAsync();
        using var ztunnel = Start(address, program);
        var clock = Stopwatch.StartNew();
        while (await ztunnel.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Serving with", StringComparison.Ordinal)) Console.WriteLine(line);
        Console.WriteLine($"serving after {clock.Elapsed.TotalSeconds:0.0} s");
        _ = ztunnel.StandardOutput.ReadToEndAsync();
        for (var look = 0; look < 5; look++)
        {
            await Task.Delay(Between, TimeProvider.System);
            Console.WriteLine(string.Join(", ", (await File.ReadAllLinesAsync($"/proc/{ztunnel.Id}/status")).Where(static line => line.StartsWith("VmRSS", StringComparison.Ordinal) || line.StartsWith("RssAnon", StringComparison.Ordinal))));
        }
        ztunnel.Kill();
        return 0;
    }

    private static Process Start(Uri address, string program)
    {
        var start = new ProcessStartInfo(program, ["proxy"]) { RedirectStandardOutput = true };
        foreach (var (name, value) in new (string, string)[]
        {
            ("NODE_NAME", "node-without-pods"), ("POD_NAME", "ztunnel-1"), ("POD_NAMESPACE", "istio-system"), ("SERVICE_ACCOUNT", "ztunnel"), ("XDS_ADDRESS", address.ToString()), ("CA_ADDRESS", address.ToString()),
            ("XDS_ROOT_CA", ScaleFiles.Roots), ("CA_ROOT_CA", ScaleFiles.Roots), ("AUTH_TOKEN", ScaleFiles.Token),
            ("ALT_XDS_HOSTNAME", "istiod.istio-system.svc"), ("ALT_CA_HOSTNAME", "istiod.istio-system.svc"), ("INPOD_UDS", "/run/ambient-scale/nobody.sock"),
        }) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
