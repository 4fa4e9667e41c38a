using Ambient.Lab;
using Ambient.Lab.Network;
using Ambient.Playground;
using Ambient.Playground.Demo;
using Ambient.Playground.Load;

switch (args)
{
    case ["demo"]:
        return await DemoAsync(keep: false);
    case ["demo", "--keep"]:
        return await DemoAsync(keep: true);
    case ["api", .. var options]:
        return await ApiCommand.RunAsync(options);
    case ["reboot", .. var numbers]:
        return await RebootCommand.RunAsync(numbers);
    case ["application", var name, var port]:
        await new HttpApplication(name).RunAsync(int.Parse(port));
        return 0;
    case ["application", var name, var port, var status]:
        await new HttpApplication(name, int.Parse(status)).RunAsync(int.Parse(port));
        return 0;
    case ["application", var name, var port, var status, var records]:
        await new HttpApplication(name, int.Parse(status), records).RunAsync(int.Parse(port));
        return 0;
    case ["talk", var port, var grpcPort]:
        await TalkApplication.RunAsync(int.Parse(port), int.Parse(grpcPort));
        return 0;
    case ["health", var port]:
        await HealthApplication.RunAsync(int.Parse(port));
        return 0;
    default:
        await Console.Error.WriteLineAsync($"usage: Ambient.Playground demo [--keep]\n       Ambient.Playground {ApiCommand.Usage}\n       Ambient.Playground {RebootCommand.Usage}");
        return 2;
}

static async Task<int> DemoAsync(bool keep)
{
    var story = new Story();
    try
    {
        await using var shop = await Shop.OpenAsync();
        await new MeshDemo(shop, story).RunAsync();
        if (keep) await OpenHouse.KeepAsync(shop, story);
    }
    catch (Exception) when (NetworkLab.IsEnding)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System); // Ctrl-C takes the lab away, then the process ends
    }
    catch (LabException failure)
    {
        story.Check(false, failure.Message);
    }
    story.End();
    return story.Broken == 0 ? 0 : 1;
}
