using Xunit;

namespace Ambient.Architecture.Tests;

public sealed class ProjectGraphTests
{
    private static readonly string[] NodePrograms = ["Ztunnel", "CniAgent", "CniPlugin"];

    [Fact]
    public void Projects_reference_each_other_as_ARCHITECTURE_draws_it()
    {
        var drawn = ProjectPicture.Read(Repository.Read("ARCHITECTURE.md")).ToHashSet();

        var real = Repository.Projects.Where(project => project.Ships)
            .SelectMany(project => project.References.Select(target => $"{project.Name} --> {target}")).ToHashSet();

        Assert.Equal([], real.Except(drawn).Order().Select(edge => $"missing in the picture: {edge}"));
        Assert.Equal([], drawn.Except(real).Order().Select(edge => $"drawn but not real: {edge}"));
    }

    [Fact]
    public void Every_project_is_part_of_the_solution()
    {
        var solution = Repository.Read("Ambient.sln").Replace('\\', '/');

        Assert.Equal([], Repository.Projects.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Libraries_do_not_know_the_programs()
    {
        var programs = Repository.Projects.Where(project => !project.Folder.StartsWith("shared/", StringComparison.Ordinal))
            .Select(project => project.Name).ToHashSet();

        var libraries = Repository.Projects.Where(project => project.Folder.StartsWith("shared/", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(libraries);
        Assert.All(libraries, library => Assert.DoesNotContain(library.References, programs.Contains));
    }

    [Fact]
    public void Each_library_and_node_program_has_tests()
    {
        var tested = Repository.Projects.Select(project => project.Name).ToHashSet();

        var untested = Repository.Projects.Where(project => project.Ships && project.Name is not ("Lab" or "Protos"))
            .Where(project => !tested.Contains($"{project.Name}.Tests")).Select(project => project.Name);

        Assert.Equal([], untested);
    }

    [Fact]
    public void Node_programs_live_without_ASP_NET_Core()
    {
        var projects = Repository.Projects.ToDictionary(project => project.Name);
        var seen = new HashSet<string>();

        foreach (var program in NodePrograms) Visit(program);

        Assert.Contains("Transport", seen);
        Assert.All(seen.Select(name => projects[name]), project =>
        {
            Assert.Equal("Microsoft.NET.Sdk", project.Xml.Root!.Attribute("Sdk")!.Value);
            Assert.Empty(project.Xml.Descendants("FrameworkReference"));
            Assert.DoesNotContain(project.Packages, package => package.Contains("AspNetCore", StringComparison.Ordinal));
        });

        void Visit(string name)
        {
            if (!seen.Add(name)) return;
            foreach (var reference in projects[name].References) Visit(reference);
        }
    }

    [Fact]
    public void The_picture_is_read_with_its_groups_and_chains()
    {
        var edges = ProjectPicture.Read("""
            ```mermaid
            graph TD
              A & B --> C & D
              Lone
            ```
            """);

        Assert.Equal(["A --> C", "A --> D", "B --> C", "B --> D"], edges.Order());
    }
}
