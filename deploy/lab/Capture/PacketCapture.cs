using System.Globalization;
using System.Text;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Capture;

/// <summary>What crosses the wire between the nodes, written by tcpdump to a file.</summary>
public sealed class PacketCapture : IAsyncDisposable
{
    private readonly NetworkLab _lab;
    private readonly Daemon _tcpdump;
    private int _marks;

    private PacketCapture(NetworkLab lab, Daemon tcpdump, string file) => (_lab, _tcpdump, FilePath) = (lab, tcpdump, file);

    public string FilePath { get; }

    internal static async Task<PacketCapture> StartAsync(NetworkLab lab, string file)
    {
        // -Z root: it would otherwise drop to a user who may not write here. -U and immediate mode: no packet waits in a buffer.
        var tcpdump = Daemon.Start("tcpdump", lab.Underlay, file + ".log", [], "tcpdump",
            ["-Z", "root", "--immediate-mode", "-U", "-B", "16384", "-s", "0", "-i", "any", "-w", file]);
        var capture = new PacketCapture(lab, tcpdump, file);
        await tcpdump.WaitForLogAsync("listening on");
        await capture.FlushAsync();
        return capture;
    }

    /// <summary>Returns once everything sent before the call is in the file.</summary>
    /// <remarks>A packet of our own is sent over the wire until it shows up in the file: what came before it is there too.</remarks>
    public async Task FlushAsync()
    {
        var mark = $"capture-mark-{Interlocked.Increment(ref _marks)}-{Guid.NewGuid():N}";
        await Until.TrueAsync(async () =>
        {
            await Command.RunInAsync(_lab.Underlay, "bash", ["-c", $"echo {mark} >/dev/udp/{_lab.Nodes[0].Address.V4}/9"]);
            return Contains(Encoding.ASCII.GetBytes(mark));
        }, "the capture records what is on the wire");
    }

    /// <summary>Whether these bytes are anywhere in what was recorded. Short markers, sent in one piece, are found reliably.</summary>
    public bool Contains(ReadOnlySpan<byte> bytes)
    {
        using var stream = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var buffer = new byte[1 << 20];
        var kept = 0;
        while (stream.Read(buffer.AsSpan(kept)) is var read and > 0)
        {
            var window = buffer.AsSpan(0, kept + read);
            if (window.IndexOf(bytes) >= 0) return true;
            // A match may lie across two reads.
            kept = Math.Min(bytes.Length - 1, window.Length);
            window[^kept..].CopyTo(buffer);
        }
        return false;
    }

    /// <summary>Packets that match a tcpdump filter, of those that are in the file as a whole.</summary>
    public async Task<int> CountAsync(string filter)
    {
        var whole = FilePath + ".whole";
        CaptureFile.CopyWhole(FilePath, whole);
        var result = await Command.RunAsync("tcpdump", ["-r", whole, "-nn", "--count", filter]);
        var number = result.OutputOrThrow().Split(' ')[0];
        return int.Parse(number, CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _tcpdump.StopAsync();
        await _tcpdump.DisposeAsync();
    }
}
