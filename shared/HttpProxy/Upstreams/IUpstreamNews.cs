namespace Ambient.HttpProxy.Upstreams;

/// <summary>A cluster whose next servers can be waited for.</summary>
public interface IUpstreamNews : IUpstreamSource
{
    /// <summary>Completes with what comes after <paramref name="known"/>, at once if that has come already; cancelled once nothing will. Any thread; does not fail.</summary>
    Task<UpstreamCluster> AfterAsync(UpstreamCluster known);
}
