using Ambient.Hosting.Stopping;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

const string help = """
    waypoint proxy     serve the requests of the services that use this waypoint (the default); everything is set by environment variables
    waypoint version   print the version
    waypoint help      print this
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
        await new WaypointProxy(WaypointOptions.FromEnvironment(), TimeProvider.System, stop).RunAsync();
        return 0;
    }
    catch (Exception error)
    {
        await Console.Error.WriteLineAsync($"waypoint cannot start: {error.Message}");
        return 1;
    }
}
