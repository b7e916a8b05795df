//! The ways to install it beside the chart: plain manifests, examples, the image, the Slack app, and what the
//! documents show.

use std::path::Path;
use std::process::Command;

use k8s_openapi::api::{apps, core};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::helm::{CHART, Helm};
use crate::render::{self, Check};
use crate::{fresh, restricted, root, text};

/// Those that need helm.
pub(crate) fn checks() -> Vec<(String, Check)> {
    vec![
        ("plain manifests are the chart's".into(), Box::new(manifests)),
        ("Argo CD's example is taken".into(), Box::new(argocd)),
        ("Flux' example is taken".into(), Box::new(flux)),
        ("the values of the documents are taken".into(), Box::new(documents)),
    ]
}

/// Those that do not.
pub(crate) fn trials() -> Vec<Trial> {
    let all: [(&str, Without); 5] = [
        ("the sidecar's example is sound", sidecar),
        ("the kustomize base names what is there", kustomize),
        ("the Slack app asks for three scopes", slack),
        ("the image is built from what is there", image),
        ("an image is made without a container engine, always the same", layout),
    ];
    all.into_iter()
        .map(|(name, check)| Trial::test(name, move || check().map_err(Failed::from)))
        .collect()
}

/// A check that needs no helm.
type Without = fn() -> Result<(), String>;

/// What helm alone cares about is left out of them.
fn manifests(helm: &Helm) -> Result<(), String> {
    let made = helm.template("tests/deploy/values/defaults.yaml")?;
    let of_helm = ["helm.sh/chart:", "app.kubernetes.io/managed-by:", "# Source:"];
    let kept = made.lines().filter(|line| !of_helm.iter().any(|it| line.contains(it)));
    let head = "# Made from the chart by `UPDATE=1 cargo test --test deploy`. Put your settings into the ConfigMap; a\n\
                # change of it needs: kubectl -n monitoring rollout restart statefulset/firsthand\n";
    fresh(
        "deploy/manifests/firsthand.yaml",
        &(head.to_owned() + &kept.collect::<Vec<_>>().join("\n") + "\n"),
    )
}

fn argocd(helm: &Helm) -> Result<(), String> {
    let example = one(&objects("deploy/examples/argocd.yaml")?, "Application")?;
    let source = &example["spec"]["source"];
    in_chart(&source["path"])?;
    taken(helm, &source["helm"]["valuesObject"])
}

fn flux(helm: &Helm) -> Result<(), String> {
    let example = one(&objects("deploy/examples/flux.yaml")?, "HelmRelease")?;
    in_chart(&example["spec"]["chart"]["spec"]["chart"])?;
    taken(helm, &example["spec"]["values"])
}

/// The YAML blocks that begin with `# values.yaml`.
fn documents(helm: &Helm) -> Result<(), String> {
    let page = text("docs/install.md")?;
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let values: Vec<&str> = blocks.filter(|it| it.starts_with("# values.yaml")).collect();
    if values.is_empty() {
        return Err("docs/install.md shows no values".to_owned());
    }
    for block in values {
        taken(helm, &serde_saphyr::from_str(block).map_err(|error| error.to_string())?)?;
    }
    Ok(())
}

/// The chart takes these values, and what it makes of them is sound.
fn taken(helm: &Helm, values: &Value) -> Result<(), String> {
    if values.as_object().is_none_or(|it| it.is_empty()) {
        return Err("no values".to_owned());
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("values.json");
    std::fs::write(&file, values.to_string()).map_err(|error| error.to_string())?;
    let made = helm.template(file.to_str().ok_or("a path that is no text")?)?;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&made).map_err(|it| it.to_string())?;
    let wrong: Vec<String> =
        objects.iter().filter(|it| !it.is_null()).flat_map(render::complaints).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn in_chart(path: &Value) -> Result<(), String> {
    if path == CHART { Ok(()) } else { Err(format!("{path} is not where the chart is")) }
}

fn objects(path: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple(&text(path)?).map_err(|error| format!("{path}: {error}"))
}

fn one(objects: &[Value], kind: &str) -> Result<Value, String> {
    objects.iter().find(|it| it["kind"] == kind).cloned().ok_or_else(|| format!("no {kind}"))
}

fn sidecar() -> Result<(), String> {
    let objects = objects("deploy/examples/sidecar.yaml")?;
    let (map, mut set) = (one(&objects, "ConfigMap")?, one(&objects, "StatefulSet")?);
    let mut wrong = render::known::<core::v1::ConfigMap>(&map);
    wrong.extend(render::known::<apps::v1::StatefulSet>(&set));
    wrong.extend(render::unusable(&map));
    // Prometheus' own limits are for whoever runs it.
    let containers = set["spec"]["template"]["spec"]["containers"].as_array_mut();
    containers.ok_or("no containers")?.retain(|it| it["name"] == "firsthand");
    wrong.extend(restricted::complaints(&set));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn kustomize() -> Result<(), String> {
    let base = one(&objects("deploy/manifests/kustomization.yaml")?, "Kustomization")?;
    let named = base["resources"].as_array().cloned().unwrap_or_default();
    let there = |it: &Value| root("deploy/manifests").join(it.as_str().unwrap_or("-")).is_file();
    if !named.is_empty() && named.iter().all(there) { Ok(()) } else { Err(format!("{named:?}")) }
}

/// More would be a right that nothing uses; fewer, and messages may be told twice.
fn slack() -> Result<(), String> {
    let path = "deploy/slack-app-manifest.yaml";
    let source = text(path)?;
    let app: Value = serde_saphyr::from_str(&source).map_err(|error| format!("{path}: {error}"))?;
    let scopes = &app["oauth_config"]["scopes"];
    let bot = serde_json::json!(["chat:write", "channels:history", "groups:history"]);
    if scopes["bot"] != bot || scopes.as_object().is_some_and(|it| it.len() != 1) {
        return Err(format!("{path}: {scopes}"));
    }
    let lines: Vec<&str> = source.lines().collect();
    let bare = lines.windows(2).filter(|two| {
        two[1].trim_start().starts_with("- ") && !two[0].trim_start().starts_with('#')
    });
    match bare.count() {
        0 => Ok(()),
        _ => Err(format!("{path}: a scope without its why")),
    }
}

/// No engine builds it here; what it copies exists, and its compiler is the one that is asked for.
fn image() -> Result<(), String> {
    let file = text("deploy/Dockerfile")?;
    let copied =
        file.lines().filter_map(|it| it.strip_prefix("COPY ")).filter(|it| !it.starts_with("--"));
    for line in copied {
        let words: Vec<&str> = line.split_whitespace().collect();
        for path in &words[..words.len() - 1] {
            if !root(path).exists() {
                return Err(format!("{path} is not there"));
            }
        }
    }
    let wanted = format!("FROM rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    if file.contains(&wanted) && file.contains("\nUSER 65532") { Ok(()) } else { Err(wanted) }
}

/// Of a small program: how large it is changes nothing about the layout.
fn layout() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (first, second) = (folder.path().join("1.tar"), folder.path().join("2.tar"));
    for file in [&first, &second] {
        run(Command::new(root("deploy/image")).arg("/bin/true").arg(file).arg("try/firsthand:1"))?;
    }
    let read = |file: &Path| std::fs::read(file).map_err(|error| error.to_string());
    if read(&first)? != read(&second)? {
        return Err("the same files give other bytes".to_owned());
    }
    run(Command::new("tar").arg("-xf").arg(&first).arg("-C").arg(folder.path()))?;
    let blob = |descriptor: &Value| -> Result<std::path::PathBuf, String> {
        let digest = descriptor["digest"].as_str().and_then(|it| it.strip_prefix("sha256:"));
        let file = folder.path().join("blobs/sha256").join(digest.ok_or("no digest")?);
        let said = run(Command::new("sha256sum").arg(&file))?;
        let size = std::fs::metadata(&file).map_err(|error| error.to_string())?.len();
        match said.starts_with(digest.unwrap_or("-")) && descriptor["size"] == size {
            true => Ok(file),
            false => Err(format!("{descriptor} is not what its digest and size say")),
        }
    };
    let json = |file: &Path| -> Result<Value, String> {
        serde_json::from_slice(&read(file)?).map_err(|error| error.to_string())
    };
    let index = json(&folder.path().join("index.json"))?;
    let manifest = json(&blob(&index["manifests"][0])?)?;
    let config = json(&blob(&manifest["config"])?)?;
    let held = run(Command::new("tar").arg("-tzf").arg(blob(&manifest["layers"][0])?))?;
    for path in ["./usr/local/bin/firsthand", "./etc/ssl/certs/ca-certificates.crt"] {
        if !held.lines().any(|line| line == path) {
            return Err(format!("{path} is not in the layer:\n{held}"));
        }
    }
    match config["config"]["User"] == "65532:65532" {
        true => Ok(()),
        false => Err(format!("the user is another one: {config}")),
    }
}

/// What it says.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
