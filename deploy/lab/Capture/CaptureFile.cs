namespace Ambient.Lab.Capture;

/// <summary>A file of captured packets (pcap-savefile(5), in this machine's byte order) that may still be written.</summary>
public static class CaptureFile
{
    private const int FileHeader = 24, PacketHeader = 16, CapturedLength = 8;

    /// <summary>Copies what is in it as a whole: of the last packet there may be a part.</summary>
    public static void CopyWhole(string file, string to)
    {
        File.Copy(file, to, overwrite: true);
        using var copy = new FileStream(to, FileMode.Open, FileAccess.ReadWrite);
        copy.SetLength(WholeBytes(copy));
    }

    private static long WholeBytes(FileStream file)
    {
        Span<byte> header = stackalloc byte[PacketHeader];
        for (long whole = FileHeader; ;)
        {
            if (whole + PacketHeader > file.Length) return Math.Min(whole, file.Length);
            file.Position = whole;
            file.ReadExactly(header);
            var next = whole + PacketHeader + BitConverter.ToUInt32(header[CapturedLength..]);
            if (next > file.Length) return whole;
            whole = next;
        }
    }
}
