namespace Ambient.CniAgent.PluginCalls;

/// <summary>One request of the plugin.</summary>
internal sealed record PluginCall(string Method, string Path, ReadOnlyMemory<byte> Body);

/// <param name="Text">For a failure: the cause and the next step, for people.</param>
internal sealed record PluginAnswer(int Status, string Text)
{
    public static readonly PluginAnswer Done = new(200, "");

    /// <summary>The request makes no sense.</summary>
    public static PluginAnswer Invalid(string text) => new(400, text);

    /// <summary>The pod must not start so.</summary>
    public static PluginAnswer Refused(string text) => new(500, text);

    /// <summary>Not now; trying again helps.</summary>
    public static PluginAnswer NotYet(string text) => new(503, text);
}
