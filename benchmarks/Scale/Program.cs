using Ambient.Scale;

const string help = """
    Discovery at size: what does the control plane hold, and how soon is a change of an object at every node?

    scale run CONTROL-PLANE [--workloads 100000] [--services 20000] [--nodes 500] [--changes 100] [--seconds 60]
              [--rounds 4] [--heap]
        starts a cluster's API, the control plane's program and the nodes as processes of their own, connects all nodes, changes pods,
        connects all again, and makes the mesh STRICT; --heap collects its heap at each report to tell what it keeps, which makes it smaller than it would be
    scale cluster …, scale nodes ADDRESS …, scale proxy ADDRESS ZTUNNEL    one part alone (run starts the first two)
    """;

var options = ScaleOptions.Read(args);
switch (args.FirstOrDefault())
{
    case "run" when args.Length > 1: return await ScaleRun.RunAsync(options, args[1]);
    case "cluster": return await ScaleCluster.RunAsync(options);
    case "nodes": return await ScaleNodes.RunAsync(new(args[1]), options);
    case "proxy" when args.Length > 2: return await ScaleProxy.RunAsync(new(args[1]), args[2]);
    default:
        Console.WriteLine(help);
        return 1;
}
