using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Hosting.Pages;
using Ambient.Model.Identities;
using Ambient.Model.State;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Admin;

/// <summary>What the dump shows, as it can be asked for at any time.</summary>
internal interface IConfigDumpSource
{
    MeshSnapshot Mesh { get; }

    /// <summary>What was loaded from the local file, read again; null if there is none or it cannot be read.</summary>
    MeshSnapshot? StaticMesh { get; }

    IReadOnlyList<CertificateStatus> Certificates { get; }

    /// <summary>Null while there is none.</summary>
    WorkloadCertificate? CertificateOf(SpiffeId identity);

    IReadOnlyList<PodStatus> Pods { get; }

    /// <summary>Resources of which the latest version was refused, with the reason: an older one, or none, is in use.</summary>
    IReadOnlyDictionary<string, string> RejectedResources => new Dictionary<string, string>();
}

/// <summary><c>/config_dump</c>: one JSON document with the field names that <c>istioctl ztunnel-config</c> reads.</summary>
internal sealed class ConfigDump(ZtunnelOptions options, BuildInfo build, IConfigDumpSource source, ConnectionLedgers ledgers)
{
    public async ValueTask<PageResponse> RespondAsync()
    {
        var connections = await ledgers.SnapshotAsync();
        return new(200, PageResponse.Json, default) { WriteBodyAsync = body => WriteAsync(body, body.FlushAsync, connections) };
    }

    /// <param name="flush">Called between two pieces; false if nobody takes the rest.</param>
    internal async Task WriteAsync(IBufferWriter<byte> output, Func<ValueTask<bool>> flush, IReadOnlyList<OpenConnection> connections)
    {
        // Relaxed: it is JSON for tools and terminals, never part of a page.
        using var pieces = new JsonPieces(output, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, flush);
        var json = pieces.Json;
        json.WriteStartObject();
        if (!await MeshSection.WriteAsync(pieces, source.Mesh)) return;
        json.WriteStartObject("staticConfig"u8);
        if (source.StaticMesh is { } local && !await MeshSection.WriteStaticAsync(pieces, local)) return;
        json.WriteEndObject();
        WriteRejected(json);
        VersionSection.Write(json, build);
        OptionsSection.Write(json, options);
        CertificateSection.Write(json, source);
        if (options.Node.Mode == ProxyMode.Shared && !await PodSection.WriteAsync(pieces, source.Pods, connections)) return;
        json.WriteEndObject();
    }

    // Ours; readers of the document skip what they do not know.
    private void WriteRejected(Utf8JsonWriter json)
    {
        if (source.RejectedResources.Count == 0) return;
        json.WriteStartObject("rejectedResources"u8);
        foreach (var (name, reason) in source.RejectedResources.OrderBy(static item => item.Key, StringComparer.Ordinal)) json.WriteString(name, reason);
        json.WriteEndObject();
    }
}
