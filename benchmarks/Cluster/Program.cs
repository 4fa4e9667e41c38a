using System.Globalization;
using System.Net;
using Ambient.ClusterBenchmark;
using Ambient.Lab;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    return await RunAsync(args);
}
catch (LabException failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}

static async Task<int> RunAsync(string[] args)
{
    switch (args)
    {
        case ["policy", var times]:
            return await PolicyRun.RunAsync(int.Parse(times));
        case ["routes", var routes, var changes]:
            return await RouteRun.RunAsync(int.Parse(routes), int.Parse(changes));
        case ["start", var pods, var atOnce]:
            return await StartRun.RunAsync(int.Parse(pods), int.Parse(atOnce));
        case ["agent", var pods]:
            return await AgentRun.RunAsync(int.Parse(pods));
        case ["outage", var seconds, var times]:
            return await OutageRun.RunAsync(TimeSpan.FromSeconds(int.Parse(seconds)), int.Parse(times));
        case ["intermediate", var rate]:
            return await IntermediateRun.RunAsync(int.Parse(rate));
        case ["rotation", var rate]:
            return await RotationRun.RunAsync(int.Parse(rate));
        case ["restart", .. var how] when how.Length <= 2:
            return await RestartRun.RunAsync(TimeSpan.FromSeconds(how.Length > 0 ? int.Parse(how[0]) : 60), how is [_, "waypoint"]);
        case ["roll", var rolls, var calls, var sockets]:
            return await RollRun.RunAsync(int.Parse(rolls), int.Parse(calls), int.Parse(sockets));
        case ["pace", var target, var rate, var seconds]:
            return await new PacedClient(IPEndPoint.Parse(target), int.Parse(rate)).RunAsync(TimeSpan.FromSeconds(int.Parse(seconds)));
        default:
            await Console.Error.WriteLineAsync("""
                policy TIMES       from kubectl apply of a policy to its effect on a live connection
                routes COUNT CHANGES    a waypoint's memory with so many HTTPRoutes, from kubectl apply of one to its effect, and 1,000 requests a second
                start PODS AT-ONCE how long each CNI plugin, and so the mesh, holds up the start of a pod
                agent PODS         the memory of a node's agent at rest, with so many pods in the mesh
                outage SECONDS TIMES    new connections while the control plane is gone; certificates live a minute
                intermediate RATE  new connections per second while an authority is plugged in and its intermediate is replaced and ends; some 7 minutes
                rotation RATE      new connections per second while the root is replaced; takes some 8 minutes
                restart [SECONDS [waypoint]]   20 pods restarted without end for so long (60) under 500 requests per second; the control plane hears of it late
                roll TIMES CALLS SOCKETS   a waypoint replaced so often under 500 requests per second, with so many calls of gRPC and WebSockets open
                pace TARGET RATE SECONDS    the client of those: a request on a connection of its own, so many times a second
                """);
            return 2;
    }
}
