using System.Runtime.InteropServices;

namespace Ambient.Linux.Netfilter;

/// <summary>What we call of libnftables (&lt;nftables/libnftables.h&gt;), under its C names.</summary>
internal static unsafe partial class Libnftables
{
    internal const string Name = "libnftables.so.1";

    internal const uint Json = 1 << 4, Echo = 1 << 5; // NFT_CTX_OUTPUT_*

    [LibraryImport(Name)] internal static partial nint nft_ctx_new(uint flags);
    [LibraryImport(Name)] internal static partial void nft_ctx_free(nint context);
    [LibraryImport(Name)] internal static partial void nft_ctx_output_set_flags(nint context, uint flags);
    [LibraryImport(Name)] internal static partial int nft_ctx_buffer_output(nint context);
    [LibraryImport(Name)] internal static partial int nft_ctx_buffer_error(nint context);
    [LibraryImport(Name)] internal static partial byte* nft_ctx_get_output_buffer(nint context);
    [LibraryImport(Name)] internal static partial byte* nft_ctx_get_error_buffer(nint context);
    [LibraryImport(Name)] internal static partial int nft_run_cmd_from_buffer(nint context, byte* text);
}
