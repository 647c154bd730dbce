//! Every name that goes over the wire is one that the services have: checked against the model of Microsoft Graph
//! and the specifications, where those lie beside the repository (`M365KIT_SHARED`, or `../shared`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use m365kit::dispatch::{Description, describe};
use serde_json::Value;

/// Our records, and what Graph calls them.
const RECORDS: &[(&str, &str)] = &[
    ("HealthOverview", "serviceHealth"),
    ("ServiceIssue", "serviceHealthIssue"),
    ("HealthPost", "serviceHealthIssuePost"),
    ("ServiceMessage", "serviceUpdateMessage"),
    ("MessageViewpoint", "serviceUpdateMessageViewpoint"),
    ("MessageAttachment", "serviceAnnouncementAttachment"),
    ("ItemBody", "itemBody"),
    ("HealthDetail", "keyValuePair"),
];

/// Our enumerations, and what Graph calls them.
const ENUMS: &[(&str, &str)] = &[
    ("HealthStatus", "serviceHealthStatus"),
    ("HealthClassification", "serviceHealthClassificationType"),
    ("HealthOrigin", "serviceHealthOrigin"),
    ("PostType", "postType"),
    ("UpdateCategory", "serviceUpdateCategory"),
    ("UpdateSeverity", "serviceUpdateSeverity"),
    ("BodyType", "bodyType"),
];

/// What the library adds, and what only the original wire tells, whose own names are checked below.
const NOT_OF_GRAPH: &[&str] = &[
    "wire",
    "selected",
    "isComputed",
    "features",
    "incidentIds",
    "statusDisplayName",
    "statusTime",
    "workload",
    "workloads",
    "featureId",
    "severity",
    "postIncidentDocumentUrl",
    "history",
];

fn shared() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("M365KIT_SHARED").map_or(here, PathBuf::from);
    if !folder.is_dir() {
        println!("the specifications are not beside the repository: there is nothing to check against");
        return None;
    }
    Some(folder)
}

struct Model(Value);

impl Model {
    fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("data/graph-model.json")).unwrap();
        Model(serde_json::from_str(&text).unwrap())
    }

    fn of(&self, name: &str) -> &Value {
        let full = if name.contains('.') { name.to_owned() } else { format!("microsoft.graph.{name}") };
        let found = &self.0["types"][&full];
        assert!(found.is_object(), "the model has no {name}");
        found
    }

    /// The properties of a type, with those of what it is based on.
    fn properties(&self, name: &str) -> BTreeSet<String> {
        let of = self.of(name);
        let own = ["properties", "navigation"].into_iter().filter_map(|kind| of[kind].as_object());
        let mut names: BTreeSet<String> = own.flat_map(|members| members.keys().cloned()).collect();
        if let Some(base) = of["base"].as_str().filter(|base| !base.ends_with(".entity")) {
            names.extend(self.properties(base));
        }
        names.insert("id".to_owned());
        names
    }

    fn is_bound(&self, operation: &str) -> bool {
        let operations = self.0["operations"].as_array().unwrap();
        operations.iter().any(|of| of["name"] == format!("microsoft.graph.{operation}"))
    }
}

/// The code of a file of the core, without its tests, whose names are theirs.
fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The texts in quotes that are one word.
fn words(code: &str) -> BTreeSet<String> {
    let quoted = code.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    quoted.filter(|text| text.bytes().all(|b| b.is_ascii_alphabetic())).map(str::to_owned).collect()
}

/// What stands behind each of these beginnings, up to the quote.
fn behind<'a>(code: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(beginning).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn graph_has_every_property_and_member_of_our_records() {
    let Some(folder) = shared() else { return };
    let model = Model::read(&folder);
    let Description { definitions, .. } = describe();
    let mut checked = 0;
    for (ours, theirs) in RECORDS {
        let properties = definitions[*ours]["properties"].as_object().unwrap();
        let known = model.properties(theirs);
        for name in properties.keys() {
            let is_ours = NOT_OF_GRAPH.contains(&name.as_str());
            assert!(known.contains(name) || is_ours, "{theirs} has no {name}");
            checked += usize::from(known.contains(name));
        }
        let others: Vec<_> = known.iter().filter(|name| !properties.contains_key(*name)).collect();
        println!("{theirs}: {} properties; had by operations of their own: {others:?}", properties.len());
    }
    for (ours, theirs) in ENUMS {
        let known = model.of(theirs)["members"].as_object().unwrap();
        let members = definitions[*ours]["x-m365-enum"].as_array().unwrap();
        for member in members {
            assert!(known.contains_key(member["value"].as_str().unwrap()), "{theirs} has no {member}");
        }
        // All but the one that stands for what is to come.
        let to_come = usize::from(known.contains_key("unknownFutureValue"));
        assert_eq!(members.len() + to_come, known.len(), "{ours}");
        checked += members.len();
    }
    println!("{checked} properties and members of Microsoft Graph checked");
}

#[test]
fn graph_has_every_word_that_service_health_asks_for() {
    let Some(folder) = shared() else { return };
    let model = Model::read(&folder);
    let mut segments = model.properties("serviceAnnouncement");
    segments.extend(model.properties("serviceUpdateMessage"));
    segments.extend(model.properties("serviceAnnouncementAttachment"));
    let mut checked = 0;
    let table = source("service_health/mod.rs");
    for address in table.split("= [").skip(1).filter_map(|rest| rest.split(']').next()) {
        for word in words(address) {
            assert!(segments.contains(&word) || model.is_bound(&word), "no address of Graph has {word}");
            checked += 1;
        }
    }
    let viewpoint = source("service_health/viewpoint.rs");
    let actions = viewpoint.split("\nactions! {").nth(1).unwrap().split('}').next().unwrap();
    for action in behind(actions, "= \"") {
        assert!(model.is_bound(action), "Graph has no action {action}");
        checked += 1;
    }
    let all: BTreeSet<String> = RECORDS.iter().flat_map(|(_, of)| model.properties(of)).collect();
    for file in ["service_health/graph.rs", "service_health/watch/poll.rs"] {
        let code = source(file);
        for name in behind(&code, "field(\"").chain(behind(&code, ".on(\"")) {
            assert!(all.contains(name), "nothing of service health has {name}");
            checked += 1;
        }
    }
    println!("{checked} words of addresses, actions and filters checked");
}

#[test]
fn the_specification_has_every_name_of_the_original_service_communications() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(folder.join("spec/service-communications.md")).unwrap();
    let known: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let files = ["office365/mod.rs", "office365/read.rs", "select.rs", "terms.rs", "originals.rs"];
    let names = files.iter().flat_map(|file| words(&source(&format!("service_health/{file}"))));
    let names: BTreeSet<String> =
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())).collect();
    for name in &names {
        assert!(known.contains(name.as_str()), "the specification has no {name}");
    }
    assert!(names.len() > 50, "{names:?}");
    println!("{} original names checked", names.len());
}

#[test]
fn the_specification_has_every_name_of_the_original_discovery_service() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(folder.join("spec/discovery-service.md")).unwrap();
    let known: BTreeSet<&str> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let Description { definitions, .. } = describe();
    let mut checked = 0;
    // What the library adds: the wire, and where a site is to be looked at.
    let ours = ["wire", "webUrl"];
    let info = definitions["ServiceInfo"]["properties"].as_object().unwrap();
    for name in info.keys().filter(|name| !ours.contains(&name.as_str())) {
        assert!(known.contains(name.as_str()), "the specification has no {name}");
        checked += 1;
    }
    let snake = |name: &str| {
        name.chars().fold(String::new(), |mut snake, c| {
            if c.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
            snake
        })
    };
    let answer = definitions["FirstSignIn"]["properties"].as_object().unwrap();
    for name in answer.keys().filter(|name| !ours.contains(&name.as_str())) {
        assert!(known.contains(snake(name).as_str()), "the specification has no {name}");
        checked += 1;
    }
    let capabilities = definitions["Capability"]["x-m365-enum"].as_array().unwrap();
    // Two that were never discoverable, and have a row in the table all the same.
    let added = ["ServiceCommunications", "ManagementActivity"];
    for capability in capabilities.iter().filter(|of| !added.iter().any(|added| of["value"] == *added)) {
        assert!(
            known.contains(capability["value"].as_str().unwrap()),
            "the specification has no {capability}"
        );
        checked += 1;
    }
    println!("{checked} names of the Discovery Service checked");
}
