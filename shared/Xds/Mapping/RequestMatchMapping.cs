using Ambient.Model;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Google.Protobuf.Collections;
using Wire = Ambient.Protos.Security;

namespace Ambient.Xds.Mapping;

/// <summary>Tests of requests in policies, between the model and the wire.</summary>
internal static class RequestMatchMapping
{
    public static Wire.RequestMatch? ToWire(RequestMatch? match)
    {
        if (match is null) return null;
        var wire = new Wire.RequestMatch();
        wire.Hosts.AddRange(match.Hosts.Select(ToWire));
        wire.NotHosts.AddRange(match.NotHosts.Select(ToWire));
        wire.Methods.AddRange(match.Methods.Select(ToWire));
        wire.NotMethods.AddRange(match.NotMethods.Select(ToWire));
        wire.Paths.AddRange(match.Paths.Select(ToWire));
        wire.NotPaths.AddRange(match.NotPaths.Select(ToWire));
        wire.RemoteIps.AddRange(match.RemoteIps.Select(PolicyMapping.ToWire));
        wire.NotRemoteIps.AddRange(match.NotRemoteIps.Select(PolicyMapping.ToWire));
        foreach (var header in match.Headers)
        {
            var to = new Wire.HeaderCondition { Name = header.Name };
            to.Values.AddRange(header.Values.Select(ToWire));
            to.NotValues.AddRange(header.NotValues.Select(ToWire));
            wire.Headers.Add(to);
        }
        return wire;
    }

    public static RequestMatch? ToModel(Wire.RequestMatch? wire, SharedValues pool) => wire is null ? null : new()
    {
        Hosts = Texts(wire.Hosts),
        NotHosts = Texts(wire.NotHosts),
        Methods = Texts(wire.Methods),
        NotMethods = Texts(wire.NotMethods),
        Paths = Texts(wire.Paths),
        NotPaths = Texts(wire.NotPaths),
        RemoteIps = PolicyMapping.ToModel(wire.RemoteIps),
        NotRemoteIps = PolicyMapping.ToModel(wire.NotRemoteIps),
        Headers = wire.Headers.Select(header => new HeaderCondition(pool.Share(header.Name), Texts(header.Values), Texts(header.NotValues))).ToEquatableArray(),
    };

    private static Wire.RequestText ToWire(TextMatch match) => new() { Kind = (uint)TextMapping.KindOf(match.Kind), Text = match.Text, IgnoreCase = match.IgnoreCase };

    private static EquatableArray<TextMatch> Texts(RepeatedField<Wire.RequestText> wire) =>
        wire.Select(static text => TextMapping.ToModel((Protos.Traffic.TextKind)text.Kind, text.Text, text.IgnoreCase)).ToEquatableArray();
}
