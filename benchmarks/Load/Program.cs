using System.Globalization;
using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Lab;
using Ambient.Linux;
using Ambient.Load.Floods;
using Ambient.Load.Generator;
using Ambient.Load.Results;
using Ambient.Load.Tunnel;
using Ambient.Load.Waypoint;

Limits.RaiseOpenFiles();
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

try
{
    return await RunAsync(args);
}
catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException or FormatException or LabException)
{
    Progress.Say(failure.Message);
    return 1;
}

static async Task<int> RunAsync(string[] args)
{
    switch (args)
    {
        case ["serve", var at]:
            new LoadServer(IPEndPoint.Parse(at)).Run();
            return 0;
        case ["bulk", .., var streams, var seconds]:
            return Print(new BulkClient(To(), int.Parse(streams), Seconds(seconds)).Run());
        case ["pingpong", .., var seconds]:
            return Print(new PingPongClient(To(), Seconds(seconds)).Run());
        case ["requests", .., var connections, var seconds]:
            return Print(new RequestClient(To(), int.Parse(connections), Seconds(seconds)).Run());
        case ["connect", .., var atOnce, var seconds]:
            return Print(new ConnectClient(To(), int.Parse(atOnce)).RunFor(Seconds(seconds)));
        case ["hold", .., var atOnce, var count]:
            return Print(new ConnectClient(To(), int.Parse(atOnce)).RunHeld(int.Parse(count), Console.In, Console.Out));
        case ["churn", .., var atOnce, var count]:
            return Print(new ConnectClient(To(), int.Parse(atOnce)).RunChurn(int.Parse(count)));
        case ["flood", var at]:
            return Print(await new FloodClient(IPEndPoint.Parse(at)).RunAsync(Console.In));
        case ["slowsink", var at, var megabits]:
            await new SlowSink(IPEndPoint.Parse(at), double.Parse(megabits)).RunAsync();
            return 0;
        case ["proxy", var at, var server, "ruled"]:
            await new RuledProxy(IPEndPoint.Parse(at), IPEndPoint.Parse(server)).RunAsync();
            return 0;
        case ["proxy", var at, var server, .. var protocol]:
            await new PlainProxy(IPEndPoint.Parse(at), IPEndPoint.Parse(server), protocol is ["h2"] ? UpstreamProtocol.Http2 : UpstreamProtocol.Http1).RunAsync();
            return 0;
        case ["assail", var at, var flood]:
            await new Assault(IPEndPoint.Parse(at), FloodBenchmark.Find(flood)).RunAsync(Console.Out);
            return 0;
        case ["soak", var count]:
            return await new SoakRun(int.Parse(count)).RunAsync();
        case ["tunnel", ..] when TunnelBenchmarkOptions.Parse(args.AsSpan(1)) is { } options:
            return await new TunnelBenchmark(options).RunAsync();
        case ["waypoint", ..] when WaypointBenchmarkOptions.Parse(args.AsSpan(1)) is { } options:
            return await new WaypointBenchmark(options).RunAsync();
        case ["floods", ..] when WaypointBenchmarkOptions.Parse(args.AsSpan(1)) is { } options:
            return await new FloodBenchmark(options).RunAsync();
        default:
            Progress.Say("""
                tunnel [--quick] [--rounds N] [--only CHAIN,...] [--scenarios NAME,...] [--no-idle] [--results FILE]
                waypoint [--quick] [--rounds N] [--results FILE]
                floods [--quick] [--rounds N] [--only PROXY,...] [--floods NAME,...] [--results FILE]
                soak CONNECTIONS                        many connections with aborts and policy changes; what is left of them
                serve ADDRESS:PORT                      the application behind every chain
                bulk      TARGET STREAMS SECONDS        TARGET is ADDRESS:PORT, or connect:ADDRESS:PORT
                pingpong  TARGET SECONDS                for proxies that expect an HTTP CONNECT
                requests  TARGET CONNECTIONS SECONDS
                connect   TARGET AT-ONCE SECONDS
                hold      TARGET AT-ONCE COUNT          until standard input ends
                churn     TARGET AT-ONCE COUNT          connections that end in many ways
                slowsink  ADDRESS:PORT MBIT/S           an application that reads slowly
                proxy     ADDRESS:PORT ADDRESS:PORT [h2 | ruled]  the waypoint's engine, listening here, forwarding there
                flood     ADDRESS:PORT                  until standard input ends
                assail    ADDRESS:PORT FLOOD            one of the floods, until it is ended
                """);
            return 2;
    }

    Target To() => args[1].StartsWith("connect:", StringComparison.Ordinal)
        ? new(IPEndPoint.Parse(args[1]["connect:".Length..]), AskToConnect: true)
        : new(IPEndPoint.Parse(args[1]), AskToConnect: false);

    static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text));

    static int Print(string line)
    {
        Console.WriteLine(line);
        return 0;
    }
}
