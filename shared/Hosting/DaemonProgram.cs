using Ambient.Hosting.Stopping;

namespace Ambient.Hosting;

/// <summary>A daemon's command line: a word that makes it serve, which may be left out, <c>version</c> and <c>help</c>. Settings come from the environment.</summary>
/// <param name="Name">Of the program, as it is called.</param>
/// <param name="Verb">Makes it serve.</param>
/// <param name="Purpose">What it then does, for its help.</param>
public sealed record DaemonProgram(string Name, string Verb, string Purpose)
{
    private string Help => $"""
        {Name} {Verb,-10}{Purpose} (the default); everything is set by environment variables
        {Name} {"version",-10}print the version
        {Name} {"help",-10}print this
        """;

    /// <param name="serve">Until it is stopped. What it throws ends the program, with the message on standard error.</param>
    /// <returns>The exit code: 0, or 1 if it could not start or was not understood.</returns>
    public async Task<int> RunAsync(string[] args, Func<StopSignal, Task> serve)
    {
        var word = args.FirstOrDefault(Verb);
        if (word == Verb) return await ServeAsync(serve);
        if (word is not ("version" or "help"))
        {
            await Console.Error.WriteLineAsync(Help);
            return 1;
        }

        Console.WriteLine(word == "help" ? Help : BuildInfo.Current("unknown").Version);
        return 0;
    }

    private async Task<int> ServeAsync(Func<StopSignal, Task> serve)
    {
        try
        {
            using var stop = new StopSignal(static () => Environment.Exit(0));
            stop.ListenToSignals();
            await serve(stop);
            return 0;
        }
        catch (Exception error)
        {
            await Console.Error.WriteLineAsync($"{Name} cannot run: {error.Message}");
            return 1;
        }
    }
}
