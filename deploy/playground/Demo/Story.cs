using System.Diagnostics;

namespace Ambient.Playground.Demo;

/// <summary>What the demo tells: numbered steps, what was seen, and whether it was what had been promised.</summary>
internal sealed class Story
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly bool _coloured = !Console.IsOutputRedirected;
    private int _steps;

    public int Kept { get; private set; }
    public int Broken { get; private set; }

    public void Step(string title)
    {
        Console.WriteLine();
        Console.WriteLine(Paint("1;36", $"{++_steps}. {title}"));
    }

    public void Say(string text) => Console.WriteLine($"   {text}");

    /// <summary>Something that a program printed, as it printed it.</summary>
    public void Show(string text)
    {
        foreach (var line in text.TrimEnd().Split('\n')) Console.WriteLine(Paint("2", $"   │ {line}"));
    }

    public void Run(string pod, string command) => Console.WriteLine($"   {Paint("1;33", pod + " $")} {command}");

    public void Check(bool kept, string promise)
    {
        if (kept) Kept++;
        else Broken++;
        Console.WriteLine(kept ? Paint("1;32", $"   ✓ {promise}") : Paint("1;31", $"   ✗ {promise}"));
    }

    public void End() => Console.WriteLine($"\n{Paint(Broken == 0 ? "1;32" : "1;31", $"{Kept} promises kept, {Broken} broken")} in {_watch.Elapsed.TotalSeconds:0} s");

    private string Paint(string code, string text) => _coloured ? $"\u001b[{code}m{text}\u001b[0m" : text;
}
