using System.Net;
using Ambient.Hbone.Headers;
using Ambient.Hosting.Logging;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Workloads;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Connections;

/// <summary>One line for each connection, scope <c>access</c>. Formats into a buffer of the thread: no allocation, never a wait.</summary>
/// <remarks>
/// These lines are written as often as connections end, so they take the short way to the output, past ILogger and Serilog; levels,
/// formats and order in the output are the same.
/// </remarks>
internal sealed class AccessLog(LogOutput output)
{
    public const string Scope = "access";

    private readonly ScopeLevel _level = output.Levels.ForScope(Scope);

    /// <summary>At debug level, before the upstream is dialled.</summary>
    public void Opened(in ConnectionFacts facts)
    {
        if (!_level.IsEnabled(LogLevel.Debug)) return;
        var line = output.Begin(LogLevel.Debug, Scope, "connection opened");
        WriteParties(line, facts);
        WriteDirection(line, facts.Direction);
        output.Write(line);
    }

    /// <summary>Information if it ended as connections do, error if it failed or was cut.</summary>
    public void Closed(OpenConnection connection, TimeSpan duration, Reason reason, string? detail)
    {
        var level = IsError(reason) ? LogLevel.Error : LogLevel.Information;
        if (!_level.IsEnabled(level)) return;

        ref readonly var facts = ref connection.Facts;
        var line = output.Begin(level, Scope, "connection complete");
        WriteParties(line, facts);
        WriteDirection(line, facts.Direction);
        WriteBytes(line, connection);
        WriteDuration(line, duration);
        WriteReason(line, reason, detail, always: IsError(reason));
        output.Write(line);
    }

    /// <summary>A warning: it was turned away before more was known of it.</summary>
    public void Refused(IPEndPoint? source, IPEndPoint? destination, Direction direction, Reason reason, string? detail)
    {
        if (!_level.IsEnabled(LogLevel.Warning)) return;
        var line = output.Begin(LogLevel.Warning, Scope, "connection failed");
        WriteAddress(line, "src.addr"u8, source);
        WriteAddress(line, "dst.addr"u8, destination);
        WriteDirection(line, direction);
        WriteReason(line, reason, detail, always: true);
        output.Write(line);
    }

    // A reset or an idle end is the application's business; being cut by us, or failing, is an operator's.
    private static bool IsError(Reason reason) => reason.IsFailure || reason.Code == ReasonCode.Drained;

    private static void WriteParties(LogLine line, in ConnectionFacts facts)
    {
        WriteAddress(line, "src.addr"u8, facts.Source);
        WriteParty(line, facts.SourceWorkload, facts.SourceWorkload is null ? facts.ClaimedSource : null, facts.SourceIdentity,
            "src.workload"u8, "src.namespace"u8, "src.identity"u8, "src.cluster"u8);

        WriteAddress(line, "dst.addr"u8, facts.Destination);
        if (facts.HboneTarget is { } target) line.BareText("dst.hbone_addr"u8, target);
        WriteText(line, "dst.service"u8, facts.DestinationService?.Hostname);
        WriteParty(line, facts.DestinationWorkload, facts.ClaimedDestination, facts.DestinationIdentity,
            "dst.workload"u8, "dst.namespace"u8, "dst.identity"u8, "dst.cluster"u8);
    }

    private static void WriteParty(LogLine line, Workload? known, Baggage? claimed, SpiffeId? identity,
        ReadOnlySpan<byte> workload, ReadOnlySpan<byte> ns, ReadOnlySpan<byte> id, ReadOnlySpan<byte> cluster)
    {
        WriteText(line, workload, claimed is null ? NameOf(known) : FirstOf(claimed.ServiceName, claimed.WorkloadName));
        WriteText(line, ns, claimed is null ? known?.Namespace : claimed.Namespace);
        WriteText(line, id, identity?.ToString());
        WriteText(line, cluster, claimed is null ? known?.ClusterId : claimed.Cluster);
    }

    private static string? NameOf(Workload? workload) => workload is null ? null : FirstOf(workload.Name, workload.CanonicalName);

    private static string FirstOf(string one, string other) => one.Length > 0 ? one : other;

    private static void WriteDirection(LogLine line, Direction direction) =>
        line.Field("direction"u8, direction == Direction.Outbound ? "outbound" : "inbound");

    // As the application of our pod sees it: outbound it is the client, inbound the server.
    private static void WriteBytes(LogLine line, OpenConnection connection)
    {
        var (fromClient, fromServer) = (connection.Bytes.Sent.Value, connection.Bytes.Received.Value);
        var isClient = connection.Facts.Direction == Direction.Outbound;
        line.Field("bytes_sent"u8, isClient ? fromClient : fromServer);
        line.Field("bytes_recv"u8, isClient ? fromServer : fromClient);
    }

    private static void WriteDuration(LogLine line, TimeSpan duration)
    {
        Span<char> text = stackalloc char[24];
        ((long)Math.Round(duration.TotalMilliseconds)).TryFormat(text, out var length);
        "ms".CopyTo(text[length..]);
        line.Field("duration"u8, text[..(length + 2)]);
    }

    private static void WriteReason(LogLine line, Reason reason, string? detail, bool always)
    {
        if (always || detail is not null) line.Field("error"u8, detail ?? reason.Meaning);
        if (reason.Code is not (ReasonCode.Completed or ReasonCode.None)) line.Field("reason"u8, reason.Name);
    }

    private static void WriteText(LogLine line, ReadOnlySpan<byte> name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) line.Field(name, text);
    }

    private static void WriteAddress(LogLine line, ReadOnlySpan<byte> name, IPEndPoint? endPoint)
    {
        if (endPoint is null) return;
        Span<char> text = stackalloc char[64];
        if (EndPointText.TryFormat(endPoint, text, out var length)) line.BareText(name, text[..length]);
    }
}
