using Ambient.Ztunnel.Node;
using Ambient.Ztunnel.Options;

return await new DaemonProgram("ztunnel", "proxy", "serve the pods of this node").RunAsync(
    args, static stop => new NodeProxy(ZtunnelOptions.FromEnvironment(), TimeProvider.System, stop).RunAsync());
