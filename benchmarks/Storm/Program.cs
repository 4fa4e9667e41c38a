using Ambient.Storm;

const string help = """
    A cold start of the whole mesh against one authority on one core: how long does it take, and how long does a
    connection wait whose certificate is wanted meanwhile?

    storm run [--nodes 1000] [--identities 50] [--unmarked] [--warm]
        starts the authority on CPU 0 and asks as all nodes at once
    storm sign                                                what one certificate costs, without the network
    storm serve [--nodes N] [--identities N]                  the authority alone (run starts it)
    """;

var options = StormOptions.Read(args);
switch (args.FirstOrDefault())
{
    case "run": return await StormRun.RunAsync(options);
    case "urgent": return await StormRun.RunUrgentAsync(options); // started by run
    case "sign": return SigningCost.Run();
    case "serve": return await StormServer.RunAsync(options);
    default:
        Console.WriteLine(help);
        return 1;
}
