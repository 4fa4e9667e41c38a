namespace Ambient.HttpProxy.Upstreams;

/// <summary>A cluster whose servers come and go.</summary>
public interface IUpstreamSource
{
    /// <summary>As it is now. Any thread; must not block.</summary>
    UpstreamCluster Current { get; }
}
