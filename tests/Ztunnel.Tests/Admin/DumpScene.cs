using System.Buffers;
using System.Text.Json;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Hosting.Pages;
using Ambient.Model.Identities;
using Ambient.Model.State;
using Ambient.Transport;
using Ambient.Ztunnel.Admin;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Tests.Connections;
using Ambient.Ztunnel.Tests.Options;

namespace Ambient.Ztunnel.Tests.Admin;

/// <summary>What a dump is made of, set by a test.</summary>
internal sealed class DumpScene : IConfigDumpSource, IDisposable
{
    private readonly EventLoop _admin = new("admin", TimeProvider.System);

    public DumpScene() => _admin.Start();

    public LedgerScene Traffic { get; } = new(filter: "off");

    public OptionsScene Options { get; } = new();

    public MeshSnapshot Mesh { get; set; } = MeshSnapshot.Empty;

    public MeshSnapshot? StaticMesh { get; set; }

    public IReadOnlyList<CertificateStatus> Certificates { get; set; } = [];

    public Dictionary<SpiffeId, WorkloadCertificate> Issued { get; } = [];

    public IReadOnlyList<PodStatus> Pods { get; set; } = [];

    private ConfigDump Dump => new(Options.Read(), BuildInfo.Current("1.30.0"), this, Traffic.Ledgers);

    public WorkloadCertificate? CertificateOf(SpiffeId identity) => Issued.GetValueOrDefault(identity);

    public async Task<JsonElement> DumpAsync()
    {
        var output = new ArrayBufferWriter<byte>();
        await WriteAsync(output, static () => new(true));
        using var document = JsonDocument.Parse(output.WrittenMemory);
        return document.RootElement.Clone();
    }

    /// <summary>Writes the dump; <paramref name="flush"/> comes after each piece.</summary>
    public Task WriteAsync(IBufferWriter<byte> output, Func<ValueTask<bool>> flush) => _admin.RunAsync(async () =>
        await Dump.WriteAsync(output, flush, await Traffic.Ledgers.SnapshotAsync()));

    public Task<PageResponse> RespondAsync() => _admin.RunAsync(Dump.RespondAsync);

    public void Dispose()
    {
        _admin.Dispose();
        Traffic.Dispose();
        Options.Dispose();
    }
}
