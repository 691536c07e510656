using Skerry.Accounts;
using Skerry.Accounts.Audit;
using Skerry.Accounts.Users;
using Skerry.Accounts.Users.Sessions;
using Skerry.Objects;
using Skerry.Server.Configuration;

namespace Skerry.Server.Management.SignIn;

/// <summary>
/// Lets in whom the provider knows: the user whom the identity is linked to. For an identity of nobody the settings may allow
/// more, if the provider has verified its e-mail address.
/// </summary>
internal sealed class LinkedSignIn(DurableObjectNamespace<IUser> users, UserRegistry registry, SkerryServerOptions options)
{
    /// <summary>Begins a session.</summary>
    public async Task<Answer<CreatedSession>> SignInAsync(OidcIdentity identity, Actor by)
    {
        var answer = await registry.SignInByLinkAsync(identity.Link, by);
        if (answer.Fault != AccountsFault.NotFound)
        {
            return answer;
        }

        if (identity.VerifiedEmail is { } email && await AdmitAsync(identity.Link, email, by) is { } admitted)
        {
            return admitted.Value is null ? new(null, admitted.Fault, admitted.Message, admitted.RetryAfter) : await registry.SignInByLinkAsync(identity.Link, by);
        }

        return new(
            null,
            AccountsFault.NotFound,
            "You are known to the identity provider, but this identity is linked to no user here. Sign in another way and link it, or ask an operator for a user.");
    }

    // Null: the settings do not allow it.
    private async Task<Answer<object>?> AdmitAsync(UserLink link, string email, Actor by)
    {
        if (await registry.FindByEmailAsync(email) is { } id)
        {
            return options.SignIn.OidcLinkByEmail ? Untyped(await users.GetByName(id).LinkByEmail(link, email, by)) : null;
        }

        return options.SignIn.OidcCreateUsers ? Untyped(await registry.RegisterAsync(new(email, null, Link: link), by)) : null;
    }

    private static Answer<object> Untyped<T>(Answer<T> answer)
        where T : class => new(answer.Value, answer.Fault, answer.Message, answer.RetryAfter);
}
