using Ambient.Model.State;
using Ambient.Ztunnel.LocalConfiguration;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Node;

/// <summary>The local configuration in force, followed if it is a file.</summary>
internal sealed partial class WatchedConfiguration : IDisposable
{
    private readonly IDisposable? _watch;

    private WatchedConfiguration(LocalConfigurationSource source, IDisposable? watch) => (Source, _watch) = (source, watch);

    public LocalConfigurationSource Source { get; }

    /// <summary>Loads what the options name; null if they name nothing.</summary>
    /// <exception cref="InvalidOperationException">It has mistakes; the message lists all of them.</exception>
    public static WatchedConfiguration? Open(DiscoveryOptions options, MeshState mesh, ILogger logger)
    {
        var isFile = options.LocalFile is not null;
        if (!isFile && options.LocalText is null) return null;
        var source = isFile
            ? LocalConfigurationSource.FromFile(options.LocalFile!, mesh)
            : LocalConfigurationSource.FromText(options.LocalText!, mesh);
        var watch = isFile ? source.Watch(found => Reloaded(found, mesh, logger)) : null; // before the first look: no change is missed between them
        if (source.Reload() is { Count: > 0 } mistakes)
        {
            watch?.Dispose();
            throw new InvalidOperationException(string.Join(Environment.NewLine, mistakes));
        }
        Log.Loaded(logger, mesh.Current.WorkloadCount, mesh.Current.ServiceCount, mesh.Current.PolicyCount);
        return new(source, watch);
    }

    public void Dispose() => _watch?.Dispose();

    private static void Reloaded(IReadOnlyList<Mistake> mistakes, MeshState mesh, ILogger logger)
    {
        foreach (var mistake in mistakes) Log.Mistaken(logger, mistake);
        if (mistakes.Count == 0) Log.Loaded(logger, mesh.Current.WorkloadCount, mesh.Current.ServiceCount, mesh.Current.PolicyCount);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 663.
    private static partial class Log
    {
        [LoggerMessage(661, LogLevel.Information, "Local configuration: {Workloads} workloads, {Services} services, {Policies} policies")]
        public static partial void Loaded(ILogger logger, int workloads, int services, int policies);

        [LoggerMessage(662, LogLevel.Error, "The local configuration was changed and is not in force, the previous one is: {Mistake}")]
        public static partial void Mistaken(ILogger logger, Mistake mistake);
    }
}
