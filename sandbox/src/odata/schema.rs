//! What properties rows have.

/// A type of rows.
#[derive(Debug)]
pub(crate) struct Type {
    /// Such as `microsoft.graph.serviceHealthIssue`; refusals name it.
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [Property],
}

/// A property of a type.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether `$filter` and `$orderby` take it.
    pub(crate) filterable: bool,
}

/// What a property holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Bool,
    Number,
    Time,
    #[allow(dead_code, reason = "no collection has one yet, but their literals have to be told from texts")]
    Guid,
    /// Name and members.
    Enum(&'static str, &'static [&'static str]),
    /// A complex value.
    Record(&'static Type),
    List(&'static Kind),
    /// Another entity, or several: left out unless it is expanded.
    Link(&'static Type),
    Stream,
}

impl Type {
    /// The property of that name; names are compared exactly.
    pub(crate) fn find(&'static self, name: &str) -> Result<&'static Property, String> {
        self.properties
            .iter()
            .find(|property| property.name == name)
            .ok_or_else(|| format!("Could not find a property named '{name}' on type '{}'.", self.name))
    }
}

impl Property {
    /// One that `$filter` does not take.
    pub(crate) const fn unfilterable(self) -> Self {
        Self { filterable: false, ..self }
    }
}

impl Kind {
    /// As refusals call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "Edm.String",
            Self::Bool => "Edm.Boolean",
            Self::Number => "Edm.Int32",
            Self::Time => "Edm.DateTimeOffset",
            Self::Guid => "Edm.Guid",
            Self::Enum(name, _) => name,
            Self::Record(of) | Self::Link(of) => of.name,
            Self::List(_) => "Collection",
            Self::Stream => "Edm.Stream",
        }
    }

    /// What an element is, of what has several.
    pub(crate) const fn element(self) -> Option<Self> {
        match self {
            Self::List(kind) => Some(*kind),
            Self::Link(of) => Some(Self::Record(of)),
            _ => None,
        }
    }
}

/// A property that may be filtered by.
pub(crate) const fn property(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, filterable: true }
}
