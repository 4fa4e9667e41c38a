using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

return await new DaemonProgram("waypoint", "proxy", "serve the requests of the services that use this waypoint").RunAsync(
    args, static stop => new WaypointProxy(WaypointOptions.FromEnvironment(), TimeProvider.System, stop).RunAsync());
