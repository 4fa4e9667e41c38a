global using Xunit;
global using Ambient.TestKit.Http;
