using System.Runtime.InteropServices;
using System.Text;

namespace Ambient.Linux.Netfilter;

/// <summary>nftables by its own library, in this process: what the <c>nft</c> program does, without starting it.</summary>
/// <remarks>
/// Commands act on the network namespace of the calling thread. Any thread may call; one command runs at a time, because
/// the library shares state between its contexts. A thread needs 256 KiB of stack for it.
/// </remarks>
public static unsafe class Nftables
{
    private static readonly Lock OneAtATime = new();

    /// <summary>Runs nft's language: several commands of one text are one transaction.</summary>
    /// <param name="echo">Have what was added told in JSON, as the kernel took it.</param>
    /// <exception cref="LinuxException">The library is not installed.</exception>
    public static NftResult Run(string commands, bool echo = false)
    {
        lock (OneAtATime)
        {
            var context = NewContext();
            try
            {
                Libnftables.nft_ctx_output_set_flags(context, Libnftables.Json | (echo ? Libnftables.Echo : 0));
                _ = Libnftables.nft_ctx_buffer_output(context);
                _ = Libnftables.nft_ctx_buffer_error(context);
                int failed;
                fixed (byte* text = Encoding.UTF8.GetBytes(commands + '\0'))
                    failed = Libnftables.nft_run_cmd_from_buffer(context, text);
                return new NftResult(failed == 0, Text(Libnftables.nft_ctx_get_output_buffer(context)), Text(Libnftables.nft_ctx_get_error_buffer(context)).Trim());
            }
            finally
            {
                Libnftables.nft_ctx_free(context);
            }
        }
    }

    private static nint NewContext()
    {
        try
        {
            var context = Libnftables.nft_ctx_new(0);
            return context != 0 ? context : throw new LinuxException("nft_ctx_new", Marshal.GetLastSystemError());
        }
        catch (DllNotFoundException error)
        {
            throw new IOException($"{Libnftables.Name} cannot be loaded: install nftables (Debian: libnftables1). {error.Message}", error);
        }
    }

    private static string Text(byte* buffer) => Marshal.PtrToStringUTF8((nint)buffer) ?? "";
}

/// <param name="Output">JSON.</param>
/// <param name="Error">As nft prints it; empty if all went well.</param>
public sealed record NftResult(bool Succeeded, string Output, string Error);
