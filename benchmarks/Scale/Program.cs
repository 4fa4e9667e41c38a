using Ambient.Scale;

const string help = """
    Discovery at size: what does the control plane's distribution hold, and how soon is a change applied everywhere?

    scale run [--workloads 100000] [--services 20000] [--nodes 500] [--changes 100] [--seconds 60]
        starts the server and the nodes as processes of their own, connects all nodes, changes workloads, cuts and connects all again
    scale serve …, scale nodes ADDRESS …, scale client ADDRESS …     one part alone (run starts the first two)
    """;

var options = ScaleOptions.Read(args);
switch (args.FirstOrDefault())
{
    case "run": return await ScaleRun.RunAsync(options);
    case "serve": return await ScaleServer.RunAsync(options);
    case "nodes": return await ScaleNodes.RunAsync(new(args[1]), options);
    case "client": return await ScaleClient.RunAsync(new(args[1]));
    default:
        Console.WriteLine(help);
        return 1;
}
