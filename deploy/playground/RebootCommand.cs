using System.Globalization;
using Ambient.Playground.Cluster;

namespace Ambient.Playground;

/// <summary>Reboots nodes full of pods again and again and says whether a word was said in clear.</summary>
internal static class RebootCommand
{
    public const string Usage = "reboot SEEDS PODS [FIRST-SEED] [overwrite]";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var overwrites = arguments is [.., "overwrite"];
        var numbers = (overwrites ? arguments[..^1] : arguments).Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        if (numbers is not ([> 0, > 0 and <= 200] or [> 0, > 0 and <= 200, >= 0]))
        {
            await Console.Error.WriteLineAsync($"usage: Ambient.Playground {Usage}   (at most 200 pods)");
            return 2;
        }
        await using var scenario = await RebootScenario.PrepareAsync(numbers[1], overwrites);
        var (first, bad) = (numbers.ElementAtOrDefault(2), 0);
        for (var seed = first; seed < first + numbers[0]; seed++)
        {
            var outcome = await scenario.RunAsync(seed);
            Console.WriteLine(outcome);
            if (!outcome.IsGood) bad++;
        }
        Console.WriteLine($"{numbers[0] - bad} of {numbers[0]} reboots with {numbers[1]} pods: every pod up, nothing in clear");
        return bad == 0 ? 0 : 1;
    }
}
