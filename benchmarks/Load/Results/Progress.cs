namespace Ambient.Load.Results;

/// <summary>What a waiting person sees; results go to standard output.</summary>
internal static class Progress
{
    public static void Say(string text) => Console.Error.WriteLine(text);
}
