using Ambient.EndToEnd.Tests.Requests;

namespace Ambient.EndToEnd.Tests.Conformance;

/// <summary>The scene of the mesh conformance tests of Gateway API.</summary>
public sealed class ConformanceFixture() : RequestLab(Mesh, Consumer, "echo")
{
    public const string Mesh = "gateway-conformance-mesh", Consumer = "gateway-conformance-mesh-consumer";

    // One of the tests dials a pod behind the waypoint by its own address and is to be answered.
    protected override string Bypass => "*";
}
