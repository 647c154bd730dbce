use serde_json::json;

use super::{ATOM, Finder, JSON, VERBOSE, each};

async fn capabilities(finder: &Finder, filter: &str) -> Vec<String> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("$filter", filter).finish();
    each(&finder.rows(&format!("v1.0/me/services?{query}")).await, "capability")
}

#[tokio::test]
async fn filters_are_evaluated() {
    let finder = Finder::usual();
    let found = async |filter: &str| capabilities(&finder, filter).await;
    assert_eq!(found("entityKey eq 'MyFiles@O365_SHAREPOINT'").await, ["MyFiles"]);
    // Names are read in any case, values are not.
    assert_eq!(found("ServiceName eq 'Office 365 SharePoint'").await, ["RootSite", "MyFiles"]);
    assert!(found("ServiceName eq 'office 365 sharepoint'").await.is_empty());
    assert_eq!(found("startswith(serviceName,'Microsoft ')").await, ["Directory"]);
    assert_eq!(found("substringof('One',serviceName) eq true").await, ["Notes"]);
    assert_eq!(found("contains(serviceName,'One')").await, ["Notes"]);
    assert_eq!(
        found("capability eq 'Mail' or capability eq 'Notes' and serviceAccountType eq 1").await,
        ["Mail"]
    );
    assert_eq!(
        found("(capability eq 'Mail' or capability eq 'Notes') and serviceAccountType ne 1").await,
        ["Mail", "Notes"]
    );
    assert!(found("serviceEndpointUri eq null").await.is_empty());
}

#[tokio::test]
async fn lists_are_projected_and_cut() {
    let finder = Finder::usual();
    let rows = finder.rows("v1.0/me/services?$select=Capability,serviceId&$top=2").await;
    assert_eq!(
        rows,
        [
            json!({"capability": "RootSite", "serviceId": "O365_SHAREPOINT"}),
            json!({"capability": "MyFiles", "serviceId": "O365_SHAREPOINT"}),
        ]
    );
    assert_eq!(finder.rows("v1.0/me/services?$select=*&$top=1").await[0].as_object().unwrap().len(), 10);
    assert!(finder.rows("v1.0/me/services?$top=0").await.is_empty());
    let atom = finder.get("v1.0/me/services?$select=capability&$top=1", ATOM).await;
    let text = std::str::from_utf8(&atom.body).unwrap();
    assert!(text.contains("<m:properties><d:Capability>RootSite</d:Capability></m:properties>"), "{text}");
    for wrong in ["$top=-1", "$top=x", "$select=", "$filter=capability", "$orderby=capability", "$skip=1"] {
        let answer = finder.get(&format!("v1.0/me/services?{wrong}"), JSON).await;
        assert_eq!(answer.refusal(), (400, "BadRequest".into()), "{wrong}");
    }
}

#[tokio::test]
async fn pages_lead_to_each_other() {
    let finder = Finder::new(json!({"pageSize": 3}));
    let all = finder.rows("v1.0/me/services?$top=7").await;
    assert_eq!(all.len(), 3);
    let mut path = "v1.0/me/services?$filter=capability ne 'Notes'".to_owned();
    let mut seen = vec![];
    loop {
        let page = finder.get(&path, JSON).await.json();
        seen.extend(each(page["value"].as_array().unwrap(), "capability"));
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        path = next.strip_prefix(&format!("{}/discovery/", finder.url)).unwrap().to_owned();
    }
    assert_eq!(seen, ["RootSite", "MyFiles", "Mail", "Calendar", "Contacts", "Directory"]);
    let verbose = finder.get("v1.0/me/services", VERBOSE).await.json();
    assert!(verbose["d"]["__next"].as_str().unwrap().contains("skiptoken=3"));
    let atom = finder.get("v1.0/me/services", ATOM).await;
    assert!(std::str::from_utf8(&atom.body).unwrap().contains("<link rel=\"next\" href=\"http://127.0.0.1"));
}
