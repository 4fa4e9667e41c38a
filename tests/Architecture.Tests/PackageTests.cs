using System.Xml.Linq;
using Xunit;

namespace Ambient.Architecture.Tests;

public sealed class PackageTests
{
    private static readonly XDocument Pinned = XDocument.Parse(Repository.Read("Directory.Packages.props"));

    [Fact]
    public void Every_pinned_package_is_used()
    {
        var used = Repository.Projects.SelectMany(project => project.Packages).ToHashSet();

        // Transitive pins repair what a package asks for; nobody references them.
        var pinned = Pinned.Descendants("ItemGroup").Where(group => group.Attribute("Label")?.Value != "Transitive pins")
            .Descendants("PackageVersion").Select(package => package.Attribute("Include")!.Value);

        Assert.Equal([], pinned.Where(package => !used.Contains(package)));
    }

    [Fact]
    public void Versions_are_chosen_in_one_place()
    {
        var versioned = Repository.Projects.Where(project => project.Xml.Descendants("PackageReference").Any(package => package.Attribute("Version") is not null));

        Assert.Equal([], versioned.Select(project => project.Path));
    }

    [Fact]
    public void Every_pinned_package_says_why_it_is_here()
    {
        var readme = Repository.Read("README.md");

        var unexplained = Pinned.Descendants("ItemGroup").Where(group => group.Attribute("Label")?.Value != "Transitive pins")
            .Descendants().Where(element => element.Name.LocalName is "PackageVersion" or "GlobalPackageReference")
            .Select(package => package.Attribute("Include")!.Value)
            .Where(package => !readme.Contains(package, StringComparison.Ordinal));

        Assert.Equal([], unexplained);
    }
}
