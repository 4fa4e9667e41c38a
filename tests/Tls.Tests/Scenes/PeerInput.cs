using Ambient.TestKit.Peers;

namespace Ambient.Tls.Tests.Scenes;

internal static class PeerInput
{
    /// <summary>Types into a program in one piece. openssl looks for commands at the start of what it reads, not of a line.</summary>
    public static async Task TypeAsync(this PeerProcess peer, string text)
    {
        await peer.Input.WriteAsync(text);
        await peer.Input.FlushAsync();
    }

    /// <summary>Gives s_client a command letter and waits until it has taken it: what comes with it in one read is dropped.</summary>
    public static async Task CommandAsync(this PeerProcess client, char letter)
    {
        static int Taken(string output) => output.Split("KEYUPDATE").Length;
        var before = Taken(client.Output);
        await client.TypeAsync($"{letter}\n");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Taken(client.Output) == before) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
    }
}
