//! How a failed image pull is told from its words, across runtimes and registries.

/// What the words of a failed pull say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullFault {
    /// The registry answered that there is no such tag, digest or repository.
    NotFound,
    /// The image is there, but not for this node's platform.
    NoPlatform,
    /// The registry refuses: not authorised.
    Unauthorised,
    /// The registry does not say which: no such repository, or no right to see it.
    UnauthorisedOrMissing,
    /// Too many pulls.
    RateLimited,
    /// The registry's name does not resolve.
    NameUnknown,
    /// The registry cannot be reached, or answers with an error of its own.
    Unreachable,
    /// TLS between node and registry fails.
    Tls,
    /// The node has no room for the image.
    NoSpace,
    /// The image's name is not a valid one; nothing was pulled.
    InvalidName,
    /// The runtime's policy refuses the image: it is not signed as it must be.
    Unsigned,
    /// The pod forbids the pull and the node does not have the image.
    NeverPulled,
}

/// Reads the words of a waiting message or event about that image. The order matters: messages nest, and
/// the outermost words (`failed to resolve reference`) fit every fault.
pub(super) fn pull_fault(text: &str, image: &str) -> Option<PullFault> {
    // The image's own name is no word of the registry, whatever it says.
    let text = match image {
        "" => text.to_ascii_lowercase(),
        image => text.replace(image, "<image>").to_ascii_lowercase(),
    };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let fault = if says(&["no match for platform", "no matching manifest for", "no image found in"])
    {
        PullFault::NoPlatform
    } else if says(&["no space left on device"]) {
        PullFault::NoSpace
    } else if says(&["429 too many requests", "toomanyrequests", ": 429"]) {
        PullFault::RateLimited
    } else if says(&[
        "may require authorization",
        "may require 'docker login'",
        "requested access to the resource is denied",
        "or it may not exist",
    ]) {
        PullFault::UnauthorisedOrMissing
    } else if says(&[
        "401 unauthorized",
        "403 forbidden",
        "insufficient_scope",
        "authorization failed",
        "unauthorized:",
        "authentication required",
        "no basic auth credentials",
        "pull access denied",
        "code = unauthenticated",
        "code = permissiondenied",
    ]) {
        PullFault::Unauthorised
    } else if says(&[
        "signaturevalidationfailed",
        "signature was required",
        "signature validation failed",
    ]) {
        PullFault::Unsigned
    } else if says(&["no such host", "server misbehaving", "temporary failure in name resolution"])
    {
        PullFault::NameUnknown
    } else if says(&["x509:", "http response to https client", "tls: "]) {
        PullFault::Tls
    } else if says(&[
        "invalidimagename",
        "failed to apply default image tag",
        "invalid reference format",
    ]) {
        PullFault::InvalidName
    } else if says(&["pull policy of never", "errimageneverpull"]) {
        PullFault::NeverPulled
    } else if says(&["manifest unknown", "name unknown", "not found", "does not exist"]) {
        PullFault::NotFound
    } else if says(&[
        "i/o timeout",
        "connection refused",
        "tls handshake timeout",
        "dial tcp",
        "no route to host",
        "network is unreachable",
        "connection reset",
        "context deadline exceeded",
        "registry is unavailable",
        "500 internal server error",
        "502 bad gateway",
        "503 service unavailable",
        "504 gateway",
        "unexpected eof",
        "\": eof",
        "client.timeout",
    ]) {
        PullFault::Unreachable
    } else {
        return None;
    };
    Some(fault)
}

/// The registry's host in an image's name; the runtime's default where the name has none.
pub(super) fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// The image's name without tag and digest.
pub(super) fn repository_of(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_wording_is_told_apart() {
        use PullFault::*;
        let cases = [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"r/a:2\": failed to resolve reference \"r/a:2\": r/a:2: not found",
                NotFound,
            ),
            ("manifest for r/a:2 not found: manifest unknown: manifest unknown", NotFound),
            (
                "Back-off pulling image \"r/a:2\": ErrImagePull: rpc error: code = NotFound desc = r/a:2: not found",
                NotFound,
            ),
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"r/a:2\": no match for platform in manifest: not found",
                NoPlatform,
            ),
            (
                "rpc error: code = Unknown desc = no matching manifest for linux/arm64/v8 in the manifest list entries",
                NoPlatform,
            ),
            (
                "choosing image instance: no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\"",
                NoPlatform,
            ),
            (
                "initializing source docker://r/a:2: reading manifest 2 in r/a: manifest unknown",
                NotFound,
            ),
            (
                "reading manifest 2 in quay.io/a/b: unauthorized: access to the requested resource is not authorized",
                Unauthorised,
            ),
            (
                "reading manifest 2 in docker.io/a/b: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required",
                UnauthorisedOrMissing,
            ),
            (
                "denied: Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"projects/a\" (or it may not exist)",
                UnauthorisedOrMissing,
            ),
            (
                "failed to extract layer sha256:00: write /var/lib/a: no space left on device: unknown",
                NoSpace,
            ),
            ("failed to do request: Get \"https://r/v2/\": EOF", Unreachable),
            (
                "failed to pull and unpack image \"r/a:2\": pulling from host r failed with status code [manifests 2]: 401 Unauthorized",
                Unauthorised,
            ),
            (
                "pulling from host r failed with status code [manifests 2]: 403 Forbidden",
                Unauthorised,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://r/token: 401 Unauthorized",
                Unauthorised,
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
                UnauthorisedOrMissing,
            ),
            (
                "pull access denied for a, repository does not exist or may require 'docker login'",
                UnauthorisedOrMissing,
            ),
            (
                "pulling from host r failed with status code [manifests 2]: 429 Too Many Requests",
                RateLimited,
            ),
            ("toomanyrequests: You have reached your pull rate limit", RateLimited),
            (
                "failed to do request: Head \"https://r/v2/\": dial tcp: lookup r on 10.0.0.10:53: no such host",
                NameUnknown,
            ),
            ("dial tcp 10.0.0.1:443: i/o timeout", Unreachable),
            ("dial tcp 10.0.0.1:443: connect: connection refused", Unreachable),
            ("net/http: TLS handshake timeout", Unreachable),
            (
                "pulling from host r failed with status code [manifests 2]: 500 Internal Server Error",
                Unreachable,
            ),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Tls,
            ),
            ("http: server gave HTTP response to HTTPS client", Tls),
            (
                "Failed to apply default image tag \"a:b:c\": couldn't parse image name: invalid reference format",
                InvalidName,
            ),
            ("Container image \"a\" is not present with pull policy of Never", NeverPulled),
        ];
        for (text, fault) in cases {
            assert_eq!(pull_fault(text, "r/a:2"), Some(fault), "{text}");
        }
        assert_eq!(pull_fault("Back-off pulling image \"r/a:2\"", "r/a:2"), None);
        let odd = "r/not found/unauthorized:2";
        assert_eq!(pull_fault(&format!("Back-off pulling image \"{odd}\""), odd), None);
    }

    #[test]
    fn image_names_come_apart() {
        assert_eq!(registry_of("localhost:5000/a:1"), "localhost:5000");
        assert_eq!(registry_of("team/a:1"), "docker.io");
        assert_eq!(repository_of("localhost:5000/a"), "localhost:5000/a");
        assert_eq!(repository_of("r.example/a:1@sha256:00"), "r.example/a");
    }
}
