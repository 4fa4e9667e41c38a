using System.Text;
using Ambient.Hosting.Health;
using Ambient.Hosting.Pages;
using Xunit;

namespace Ambient.Hosting.Tests.Health;

public sealed class ReadinessPageTests
{
    private readonly ReadinessTasks _tasks = new();

    [Fact]
    public async Task What_is_pending_is_named_until_it_is_done_and_again_when_it_comes_undone()
    {
        _tasks.Begin("state manager");
        _tasks.Begin("proxy");
        Assert.Equal((500, "not ready, pending: proxy, state manager\n"), await GetAsync("GET", "/healthz/ready"));

        _tasks.Complete("proxy");
        _tasks.Complete("state manager");
        _tasks.Complete("state manager");
        Assert.Equal((200, "ready\n"), await GetAsync("GET", "/healthz/ready"));
        Assert.True(_tasks.IsReady);

        _tasks.Begin("workload proxy manager");
        Assert.Equal((500, "not ready, pending: workload proxy manager\n"), await GetAsync("GET", "/healthz/ready"));
    }

    [Fact]
    public async Task A_process_that_answers_is_alive_whatever_is_pending()
    {
        _tasks.Begin("state manager");

        Assert.Equal((200, "live\n"), await GetAsync("GET", "/healthz/live"));
    }

    [Theory]
    [InlineData("POST", "/healthz/ready", 405)]
    [InlineData("GET", "/healthz", 404)]
    [InlineData("HEAD", "/healthz/ready", 200)]
    public async Task Other_methods_and_paths_are_refused(string method, string path, int status) =>
        Assert.Equal(status, (await GetAsync(method, path)).Status);

    private async Task<(int Status, string Body)> GetAsync(string method, string path)
    {
        var response = await new ReadinessPage(_tasks).RespondAsync(new PageRequest(method, path, "", "", ""));
        return (response.Status, Encoding.UTF8.GetString(response.Body.Span));
    }
}
