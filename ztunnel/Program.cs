using Ambient.Hosting.Stopping;
using Ambient.Ztunnel.Node;
using Ambient.Ztunnel.Options;

const string help = """
    ztunnel proxy     serve the pods of this node (the default); everything is set by environment variables
    ztunnel version   print the version
    ztunnel help      print this
    """;

switch (args.FirstOrDefault("proxy"))
{
    case "proxy":
        return await ServeAsync();
    case "version":
        Console.WriteLine(BuildInfo.Current("unknown").Version);
        return 0;
    case "help":
        Console.WriteLine(help);
        return 0;
    default:
        await Console.Error.WriteLineAsync(help);
        return 1;
}

static async Task<int> ServeAsync()
{
    try
    {
        using var stop = new StopSignal(static () => Environment.Exit(0));
        stop.ListenToSignals();
        await new NodeProxy(ZtunnelOptions.FromEnvironment(), TimeProvider.System, stop).RunAsync();
        return 0;
    }
    catch (Exception error)
    {
        await Console.Error.WriteLineAsync($"ztunnel cannot start: {error.Message}");
        return 1;
    }
}
