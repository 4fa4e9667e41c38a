using System.Globalization;
using System.Text.RegularExpressions;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Telemetry;

namespace Ambient.ControlPlane.Indexing.Observation;

/// <summary>Telemetry → <see cref="TelemetryFacts"/>. Pure.</summary>
internal sealed partial class TelemetryReader(MeshTelemetry mesh)
{
    private const int MostTags = 64, MostOverrides = 64, LongestText = 256;
    private static readonly string[] Loggers = ["envoy", "envoyFileAccessLog"], Meters = ["prometheus"];

    private readonly List<string> _problems = [];

    public TelemetryFacts Read(TelemetrySpec spec, Findings findings)
    {
        var tracing = Only(spec.Tracing, static one => one.Match, "tracing");
        var log = Only(spec.AccessLogging, static one => one.Match, "accessLogging");
        var overrides = (spec.Metrics ?? []).OfType<MetricsSpec>().SelectMany(Overrides).Take(MostOverrides + 1).ToList();
        if (overrides.Count > MostOverrides) _problems.Add($"metrics.overrides: more than {MostOverrides}; the first {MostOverrides} are used.");
        var facts = new TelemetryFacts(tracing is null ? null : Tracing(tracing), ProviderOf(tracing), log is null ? null : AccessLog(log),
            overrides.Take(MostOverrides).ToEquatableArray(), default);
        foreach (var problem in _problems) findings.Add("spec", problem, "Correct it: kubectl edit telemetry.");
        return facts with { Problems = _problems.Distinct().Take(Findings.Most).ToEquatableArray() };
    }

    /// <summary>The first that is about servers: a waypoint tells of requests as a server's proxy does.</summary>
    private T? Only<T>(IReadOnlyList<T>? entries, Func<T, TelemetryMatch?> match, string field) where T : class
    {
        var given = (entries ?? []).OfType<T>().Where(entry => IsForServers(match(entry), field)).ToList();
        if (given.Count > 1) _problems.Add($"{field}: {given.Count} entries; the first is used.");
        return given.FirstOrDefault();
    }

    private bool IsForServers(TelemetryMatch? match, string field)
    {
        if (match?.Mode != "CLIENT") return true;
        _problems.Add($"{field}: the mode CLIENT is not honoured: waypoints tell of requests as proxies of servers do.");
        return false;
    }

    private TracingSettings Tracing(TracingSpec spec)
    {
        if (spec.UseRequestIdForTraceSampling == true) _problems.Add("tracing.useRequestIdForTraceSampling: request ids carry no decision; the client's context and the percentage decide.");
        if (spec.DisableContextPropagation == true) _problems.Add("tracing.disableContextPropagation: contexts are passed on all the same.");
        if (spec.RandomSamplingPercentage is not (null or (>= 0 and <= 100))) _problems.Add($"tracing.randomSamplingPercentage: {spec.RandomSamplingPercentage} is none, 0 to 100 are; it is not used.");
        if (spec.CustomTags is { Count: > MostTags } many) _problems.Add($"tracing.customTags: {many.Count} tags; the first {MostTags} by name are used.");
        return new()
        {
            Percent = spec.RandomSamplingPercentage is >= 0 and <= 100 ? spec.RandomSamplingPercentage : null,
            IsSilent = spec.DisableSpanReporting,
            TellsWorkloads = spec.EnableIstioTags,
            Tags = (spec.CustomTags ?? new Dictionary<string, CustomTagSpec>()).OrderBy(static tag => tag.Key, StringComparer.Ordinal).Take(MostTags).Select(Tag).OfType<CustomTag>().ToEquatableArray(),
        };
    }

    private string? ProviderOf(TracingSpec? spec)
    {
        if (spec?.Providers is not { Count: > 0 } providers) return null;
        if (providers.Count > 1) _problems.Add($"tracing.providers: {providers.Count} entries; the first is used.");
        return providers[0]?.Name ?? "";
    }

    private CustomTag? Tag(KeyValuePair<string, CustomTagSpec> tag)
    {
        var (field, spec) = ($"tracing.customTags[{tag.Key}]", tag.Value);
        var isShort = tag.Key.Length is > 0 and <= LongestText && (spec?.Literal?.Value ?? spec?.Header?.DefaultValue ?? "").Length <= LongestText;
        if (isShort && spec?.Literal is { Value: { } text }) return new(tag.Key, "", text);
        if (isShort && spec?.Header is { Name: { Length: > 0 and <= LongestText } name } header && HttpName().IsMatch(name)) return new(tag.Key, name.ToLowerInvariant(), header.DefaultValue ?? "");
        _problems.Add($"{field}: only literal and header are honoured, with names and values of {LongestText} characters at most.");
        return null;
    }

    private AccessLogSettings? AccessLog(AccessLoggingSpec spec)
    {
        if (!IsOurs(spec.Providers, Loggers, "accessLogging")) return null;
        if (spec.Filter?.Expression is not { Length: > 0 } filter) return new() { IsOff = spec.Disabled ?? false };
        if (Status().Match(filter) is { Success: true } status)
            return new() { IsOff = spec.Disabled ?? false, LeastStatus = int.Parse(status.Groups[2].ValueSpan, CultureInfo.InvariantCulture) + (status.Groups[1].Value == ">" ? 1 : 0) };
        _problems.Add($"accessLogging.filter: {Findings.Quote(filter)} is not understood, so all requests are logged; `response.code >= 400` would be.");
        return new() { IsOff = spec.Disabled ?? false };
    }

    private IEnumerable<MetricOverride> Overrides(MetricsSpec spec)
    {
        if (spec.ReportingInterval is not null) _problems.Add("metrics.reportingInterval: what is counted is there at once; it makes no difference.");
        if (!IsOurs(spec.Providers, Meters, "metrics")) yield break;
        foreach (var change in (spec.Overrides ?? []).OfType<MetricOverrideSpec>())
        {
            if (!IsForServers(change.Match, "metrics.overrides")) continue;
            var metrics = MetricsOf(change.Match);
            if (metrics == Metrics.None) _problems.Add($"metrics.overrides: {Findings.Quote(change.Match!.CustomMetric ?? change.Match.Metric)} is no metric of ours.");
            else yield return new(metrics, change.Disabled, (change.TagOverrides ?? new Dictionary<string, TagOverrideSpec>()).OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(Label).OfType<TagOverride>().ToEquatableArray());
        }
    }

    private TagOverride? Label(KeyValuePair<string, TagOverrideSpec> tag)
    {
        var field = $"metrics.overrides.tagOverrides[{tag.Key}]";
        if (!MetricLabels.Requests.Contains(tag.Key)) _problems.Add($"{field}: the metrics have no such label, and none can be added.");
        else if (tag.Value?.Operation == "REMOVE") return new(tag.Key, null);
        else if (tag.Value?.Value is { } value && Literal().Match(value) is { Success: true } text) return new(tag.Key, text.Groups[2].Value);
        else _problems.Add($"{field}: only REMOVE and values that are texts in quotes are honoured.");
        return null;
    }

    /// <returns>False if somebody else than the waypoint's own <paramref name="kinds"/> is meant.</returns>
    private bool IsOurs(IReadOnlyList<ProviderReference>? providers, string[] kinds, string field)
    {
        if (providers is not { Count: > 0 } || providers.Any(provider => provider?.Name is { } name && (kinds.Contains(name) || kinds.Contains(mesh.Find(name)?.Kind)))) return true;
        _problems.Add($"{field}: {Findings.Quote(providers[0]?.Name)} is not served here, only {kinds[0]}.");
        return false;
    }

    private static Metrics MetricsOf(TelemetryMatch? match) => match?.CustomMetric is not null ? Metrics.None : match?.Metric switch
    {
        null or "" or "ALL_METRICS" => Metrics.All,
        "REQUEST_COUNT" => Metrics.RequestCount,
        "REQUEST_DURATION" => Metrics.RequestDuration,
        "REQUEST_SIZE" => Metrics.RequestSize,
        "RESPONSE_SIZE" => Metrics.ResponseSize,
        "GRPC_REQUEST_MESSAGES" => Metrics.RequestMessages,
        "GRPC_RESPONSE_MESSAGES" => Metrics.ResponseMessages,
        "TCP_OPENED_CONNECTIONS" => Metrics.TcpOpened,
        "TCP_CLOSED_CONNECTIONS" => Metrics.TcpClosed,
        "TCP_SENT_BYTES" => Metrics.TcpSent,
        "TCP_RECEIVED_BYTES" => Metrics.TcpReceived,
        _ => Metrics.None,
    };

    [GeneratedRegex(@"^\s*response\.code\s*(>=|>)\s*([1-9][0-9]{2})\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Status();

    [GeneratedRegex("^(['\"])([^'\"\\\\]{0,256})\\1$", RegexOptions.CultureInvariant)]
    private static partial Regex Literal();

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex HttpName();
}
