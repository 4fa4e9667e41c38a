global using Xunit;
global using Ambient.HttpCases;
