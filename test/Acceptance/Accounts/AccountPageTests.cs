using System.Text.Json;
using System.Text.RegularExpressions;
using Acceptance.SeatMap;
using Microsoft.Playwright;

namespace Acceptance.Accounts;

/// <summary>The page of accounts in a real browser, whose authenticator for passkeys is the browser's own for tests.</summary>
public sealed partial class AccountPageTests(SkerryNode node, Browser browser) : IClassFixture<SkerryNode>, IClassFixture<Browser>
{
    private const string Password = "a password of the owner";

    [Fact]
    public async Task The_owner_makes_a_token_proves_the_log_and_signs_in_by_password_and_by_passkey()
    {
        var credentials = JsonElement.Parse(await File.ReadAllTextAsync(Path.Combine(node.Data, "credentials.json")));

        // Passkeys belong to a name, and an address is none.
        var page = await browser.Open($"http://localhost:{new Uri(node.ApiUrl).Port}/account", height: 1500);
        page.Dialog += static async (_, dialog) => await dialog.AcceptAsync();
        var wrong = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("status of 4", StringComparison.Ordinal))
            {
                wrong.Add(message.Text);
            }
        };
        page.PageError += (_, error) => wrong.Add(error);
        await AuthenticatorAsync(page);

        // With the token of the file.
        await page.GetByLabel("Or a token").FillAsync("ska_nonsense");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use it" }).ClickAsync();
        await Assertions.Expect(page.Locator("#sign-in .told")).ToContainTextAsync("not valid here");
        await page.GetByLabel("Or a token").FillAsync(credentials.GetProperty("api_token").GetString()!);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use it" }).ClickAsync();
        await Assertions.Expect(page.Locator("#email")).ToHaveTextAsync("owner@localhost");
        await Assertions.Expect(page.Locator("#members")).ToContainTextAsync("Super Administrator");

        // A token, whose name is text and nothing else.
        const string Name = "<img src=x onerror=alert(1)>";
        await page.Locator("#new-token [name=name]").FillAsync(Name);
        await page.Locator("#groups").SelectOptionAsync([new SelectOptionValue { Label = "Queues Read" }, new SelectOptionValue { Label = "D1 Read" }]);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a token" }).ClickAsync();
        await Assertions.Expect(page.Locator("#tokens-card .told")).ToContainTextAsync(Value());
        await Assertions.Expect(page.Locator("#tokens tr").First).ToContainTextAsync(Name);
        await Assertions.Expect(page.Locator("#tokens tr").First).ToContainTextAsync("Queues Read, D1 Read");
        await page.GetByRole(AriaRole.Button, new() { Name = "Prove that nothing in it was changed" }).ClickAsync();
        await Assertions.Expect(page.Locator("#audit-card .told")).ToContainTextAsync("are as they were written");
        await Screenshots.TakeAsync(page, "account.png");
        await page.Locator("#tokens tr").First.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(page.Locator("#tokens")).Not.ToContainTextAsync(Name);

        // A password, and then a session by it.
        await page.Locator("#password [name=next]").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the password" }).ClickAsync();
        await Assertions.Expect(page.Locator("#me-card .told")).ToContainTextAsync("is changed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.Locator("#by-password [name=email]").FillAsync("owner@localhost");
        await page.Locator("#by-password [name=password]").FillAsync("not " + Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#sign-in .told")).Not.ToBeEmptyAsync();
        await page.Locator("#by-password [name=password]").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#sessions")).ToContainTextAsync("This session");

        // A passkey, and then a session by it.
        await page.Locator("#new-passkey [name=name]").FillAsync("the key");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#sessions")).ToContainTextAsync("Passkey the key");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.Locator("#by-password [name=email]").FillAsync("owner@localhost");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await Assertions.Expect(page.Locator("#sessions")).ToContainTextAsync("This session");
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#email")).ToHaveTextAsync("owner@localhost");
        Assert.Empty(wrong);
    }

    private static async Task AuthenticatorAsync(IPage page)
    {
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new
            {
                protocol = "ctap2",
                transport = "internal",
                hasResidentKey = true,
                hasUserVerification = true,
                isUserVerified = true,
                automaticPresenceSimulation = true,
            },
        });
    }

    [GeneratedRegex("ska_[0-9A-Za-z]{46}")]
    private static partial Regex Value();
}
