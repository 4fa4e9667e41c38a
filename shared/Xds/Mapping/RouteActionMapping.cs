using Ambient.Model;
using Ambient.Model.Routes;
using Google.Protobuf.Collections;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>What routes do with requests, between the model and the wire.</summary>
internal static class RouteActionMapping
{
    private const uint MaxWeight = 1_000_000;

    public static Wire.Action ToWire(RouteAction action)
    {
        var wire = new Wire.Action
        {
            Fault = ToWire(action.Fault),
            Cors = ToWire(action.Cors),
            RateLimit = action.RateLimit is not { } limit ? null
                : new() { Tokens = limit.Tokens, PerFill = limit.PerFill, IntervalMs = Milliseconds(limit.Interval), PerClient = limit.PerClient },
            Redirect = ToWire(action.Redirect),
            Direct = action.Direct is not { } direct ? null : new() { Status = direct.Status, Body = direct.Body },
            RequestEdits = ToWire(action.RequestEdits),
            ResponseEdits = ToWire(action.ResponseEdits),
            Rewrite = ToWire(action.Rewrite),
            TimeoutMs = Milliseconds(action.Timeout),
            Retries = ToWire(action.Retries),
        };
        foreach (var mirror in action.Mirrors) wire.Mirrors.Add(new Wire.Mirror { Backend = ToWire(mirror.Backend), Percent = mirror.Percent });
        wire.Backends.AddRange(action.Backends.Select(ToWire));
        return wire;
    }

    public static RouteAction ToModel(Wire.Action wire, SharedValues pool) => new()
    {
        Fault = ToModel(wire.Fault),
        Cors = ToModel(wire.Cors, pool),
        RateLimit = wire.RateLimit is not { } limit ? null : new(limit.Tokens, limit.PerFill, Time(limit.IntervalMs), limit.PerClient),
        Redirect = ToModel(wire.Redirect),
        Direct = wire.Direct is not { } direct ? null : new(Status(direct.Status), direct.Body),
        RequestEdits = ToModel(wire.RequestEdits, pool),
        ResponseEdits = ToModel(wire.ResponseEdits, pool),
        Rewrite = ToModel(wire.Rewrite),
        Mirrors = wire.Mirrors.Select(mirror => new Mirror(ToModel(mirror.Backend, pool), Percent(mirror.Percent))).ToEquatableArray(),
        Timeout = Time(wire.TimeoutMs),
        Retries = ToModel(wire.Retries),
        Backends = wire.Backends.Select(backend => ToModel(backend, pool)).ToEquatableArray(),
    };

    internal static uint Milliseconds(TimeSpan time) => (uint)Math.Clamp(time.TotalMilliseconds, 0, uint.MaxValue);

    internal static TimeSpan Time(uint milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    internal static double Percent(double value) => value is >= 0 and <= 100 ? value : throw new ArgumentException($"{value} is no percentage of 0 to 100");

    private static ushort Status(uint status) => status is >= 200 and <= 599 ? (ushort)status : throw new ArgumentException($"{status} is no status code of 200 to 599");

    private static Wire.Backend ToWire(RouteBackend backend) => new()
    {
        Service = RouteMapping.ToWire(backend.Service),
        Port = backend.Port,
        Subset = backend.Subset,
        Weight = backend.Weight,
        RequestEdits = ToWire(backend.RequestEdits),
        ResponseEdits = ToWire(backend.ResponseEdits),
        Rewrite = ToWire(backend.Rewrite),
        Redirect = ToWire(backend.Redirect),
        Invalid = backend.Invalid,
        InvalidStatus = backend.InvalidStatus,
    };

    private static RouteBackend ToModel(Wire.Backend? wire, SharedValues pool)
    {
        if (wire is null || wire.Weight > MaxWeight) throw new ArgumentException($"a backend is missing, or its weight is over {MaxWeight}");
        return new()
        {
            Service = RouteMapping.ToModel(wire.Service, pool),
            Port = PortsMapping.ToPort(wire.Port),
            Subset = pool.Share(wire.Subset),
            Weight = wire.Weight,
            RequestEdits = ToModel(wire.RequestEdits, pool),
            ResponseEdits = ToModel(wire.ResponseEdits, pool),
            Rewrite = ToModel(wire.Rewrite),
            Redirect = ToModel(wire.Redirect),
            Invalid = wire.Invalid,
            InvalidStatus = wire.InvalidStatus == 0 ? (ushort)500 : Status(wire.InvalidStatus),
        };
    }

    private static Wire.HeaderEdits? ToWire(HeaderEdits edits)
    {
        if (edits.IsEmpty) return null;
        var wire = new Wire.HeaderEdits();
        wire.Set.AddRange(edits.Set.Select(ToWire));
        wire.Add.AddRange(edits.Add.Select(ToWire));
        wire.Remove.AddRange(edits.Remove);
        return wire;
    }

    private static Wire.Header ToWire(HeaderValue header) => new() { Name = header.Name, Value = header.Value, HasOperators = header.HasOperators };

    private static HeaderEdits ToModel(Wire.HeaderEdits? wire, SharedValues pool) => wire is null ? HeaderEdits.None : new()
    {
        Set = Headers(wire.Set, pool),
        Add = Headers(wire.Add, pool),
        Remove = TextMapping.Texts(wire.Remove, pool),
    };

    private static EquatableArray<HeaderValue> Headers(RepeatedField<Wire.Header> wire, SharedValues pool) =>
        wire.Select(header => new HeaderValue(pool.Share(header.Name), header.HasOperators ? Format(header) : header.Value, header.HasOperators)).ToEquatableArray();

    private static string Format(Wire.Header header)
    {
        _ = header.Name != "host" ? FieldFormat.Parse(header.Value) : throw new ArgumentException("the authority has no operators");
        return header.Value;
    }

    private static Wire.Rewrite? ToWire(Rewrite? rewrite) => rewrite is null ? null : new() { Host = rewrite.Host ?? "", Path = ToWire(rewrite.Path) };

    private static Rewrite? ToModel(Wire.Rewrite? wire) => wire is null ? null : new(wire.Host.Length == 0 ? null : wire.Host, ToModel(wire.Path));

    private static Wire.PathRewrite? ToWire(PathRewrite? path) =>
        path is null ? null : new() { Kind = (Wire.PathRewriteKind)path.Kind, Text = path.Text, Pattern = path.Pattern };

    private static PathRewrite? ToModel(Wire.PathRewrite? wire)
    {
        if (wire is null) return null;
        if (!Enum.IsDefined((PathRewriteKind)wire.Kind)) throw new ArgumentException($"a path is rewritten in the way {(int)wire.Kind}, which is not known");
        return new((PathRewriteKind)wire.Kind, wire.Text, wire.Pattern);
    }

    private static Wire.Redirect? ToWire(Redirect? redirect) => redirect is null ? null : new()
    {
        Scheme = redirect.Scheme ?? "",
        Host = redirect.Host ?? "",
        Path = ToWire(redirect.Path),
        PortRule = (Wire.RedirectPort)redirect.PortRule,
        Port = redirect.Port,
        Status = redirect.Status,
    };

    private static Redirect? ToModel(Wire.Redirect? wire)
    {
        if (wire is null) return null;
        if (!Enum.IsDefined((RedirectPort)wire.PortRule)) throw new ArgumentException($"a redirect has the port rule {(int)wire.PortRule}, which is not known");
        return new(wire.Scheme.Length == 0 ? null : wire.Scheme, wire.Host.Length == 0 ? null : wire.Host, ToModel(wire.Path),
            (RedirectPort)wire.PortRule, PortsMapping.ToPort(wire.Port), Status(wire.Status));
    }

    private static Wire.Fault? ToWire(Fault? fault) => fault is null ? null : new()
    {
        DelayMs = Milliseconds(fault.Delay),
        DelayPercent = fault.DelayPercent,
        AbortStatus = fault.AbortStatus,
        AbortGrpcStatusPlusOne = (uint)(fault.AbortGrpcStatus + 1),
        AbortPercent = fault.AbortPercent,
    };

    private static Fault? ToModel(Wire.Fault? wire) => wire is null ? null : new(Time(wire.DelayMs), Percent(wire.DelayPercent),
        wire.AbortStatus == 0 ? (ushort)0 : Status(wire.AbortStatus), (int)wire.AbortGrpcStatusPlusOne - 1, Percent(wire.AbortPercent));

    private static Wire.Cors? ToWire(CorsPolicy? cors)
    {
        if (cors is null) return null;
        var wire = new Wire.Cors
        {
            MaxAgeSeconds = (uint)Math.Clamp(cors.MaxAge.TotalSeconds, 0, uint.MaxValue),
            Credentials = cors.Credentials,
            ForwardsUnmatchedPreflights = cors.ForwardsUnmatchedPreflights,
        };
        wire.Origins.AddRange(cors.Origins.Select(TextMapping.ToWire));
        wire.Methods.AddRange(cors.Methods);
        wire.Headers.AddRange(cors.Headers);
        wire.Exposed.AddRange(cors.Exposed);
        return wire;
    }

    private static CorsPolicy? ToModel(Wire.Cors? wire, SharedValues pool) => wire is null ? null : new()
    {
        Origins = wire.Origins.Select(static origin => TextMapping.ToModel(origin)!).ToEquatableArray(),
        Methods = TextMapping.Texts(wire.Methods, pool),
        Headers = TextMapping.Texts(wire.Headers, pool),
        Exposed = TextMapping.Texts(wire.Exposed, pool),
        MaxAge = TimeSpan.FromSeconds(wire.MaxAgeSeconds),
        Credentials = wire.Credentials,
        ForwardsUnmatchedPreflights = wire.ForwardsUnmatchedPreflights,
    };

    private static Wire.Retries? ToWire(RetryPolicy? retries)
    {
        if (retries is null) return null;
        var wire = new Wire.Retries
        {
            Attempts = (uint)retries.Attempts,
            On = (uint)retries.On,
            PerTryTimeoutMs = Milliseconds(retries.PerTryTimeout),
            BackoffMs = Milliseconds(retries.BackoffBase),
            BackoffLeastMs = Milliseconds(retries.BackoffLeast),
        };
        wire.Codes.AddRange(retries.Codes.Select(static code => (uint)code));
        return wire;
    }

    private static RetryPolicy? ToModel(Wire.Retries? wire) => wire is null ? null : new()
    {
        Attempts = (int)Math.Min(wire.Attempts, RetryPolicy.MaxAttempts),
        On = (RetryOn)wire.On,
        Codes = wire.Codes.Select(static code => (int)Status(code)).ToEquatableArray(),
        PerTryTimeout = Time(wire.PerTryTimeoutMs),
        BackoffBase = Time(wire.BackoffMs == 0 ? 25 : wire.BackoffMs),
        BackoffLeast = Time(wire.BackoffLeastMs),
    };
}
