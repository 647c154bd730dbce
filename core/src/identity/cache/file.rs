//! A cache in an encrypted file.
//!
//! The file is a line that names the format, the salt, the nonce, and what AES-256-GCM made of the content. It is
//! replaced as a whole, and only its owner can read it. Beside it lies a lock for processes that share it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2;
use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use zeroize::Zeroizing;

use super::store::{StoreError, StoreGuard, TokenStore};
use crate::identity::random;

const MAGIC: &[u8] = b"m365kit tokens 1\n";
const SALT: usize = 16;
/// As OWASP asks of PBKDF2 with SHA-256. The derived key is kept, so that it is paid once.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).expect("not zero");

/// What an encrypted cache is closed with.
#[derive(Clone)]
pub struct CacheKey(Material);

#[derive(Clone)]
enum Material {
    Key(Arc<SecretBox<[u8; 32]>>),
    Passphrase(SecretString),
}

impl CacheKey {
    /// A key of 256 random bits, such as one from a key vault.
    pub fn from_bytes(key: [u8; 32]) -> Self {
        CacheKey(Material::Key(Arc::new(SecretBox::new(Box::new(key)))))
    }

    /// A key made from a passphrase, with PBKDF2 and a salt that lies in the file.
    pub fn from_passphrase(passphrase: impl Into<String>) -> Self {
        CacheKey(Material::Passphrase(SecretString::from(passphrase.into())))
    }
}

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CacheKey")
    }
}

#[derive(Clone)]
pub(super) struct EncryptedFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    key: CacheKey,
    /// The salt that the key was made with, and the key.
    derived: Mutex<Option<Derived>>,
}

type Derived = ([u8; SALT], Arc<LessSafeKey>);

impl EncryptedFile {
    pub(super) fn new(path: PathBuf, key: CacheKey) -> Self {
        EncryptedFile(Arc::new(Inner { path, key, derived: Mutex::default() }))
    }

    /// Disk and key are for a thread that may wait.
    async fn off_the_workers<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&inner)).await?
    }
}

impl TokenStore for EncryptedFile {
    fn load(&self) -> BoxFuture<'_, Result<Option<Zeroizing<Vec<u8>>>, StoreError>> {
        self.off_the_workers(Inner::load).boxed()
    }

    fn save(&self, cache: SecretSlice<u8>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.off_the_workers(move |inner| inner.save(cache.expose_secret())).boxed()
    }

    fn lock(&self) -> BoxFuture<'_, Result<StoreGuard, StoreError>> {
        self.off_the_workers(|inner| {
            let lock = inner.beside(".lock");
            let lock = owners_only(OpenOptions::new().create(true).truncate(false).write(true)).open(lock)?;
            lock.lock()?;
            // The system lets go of it when the file is closed.
            Ok(Box::new(lock) as StoreGuard)
        })
        .boxed()
    }
}

impl Inner {
    fn load(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let sealed = match fs::read(&self.path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let foreign = || format!("{} is not a token cache of this library", self.path.display());
        let rest = sealed.strip_prefix(MAGIC).ok_or_else(foreign)?;
        let (salt, rest) = rest.split_first_chunk::<SALT>().ok_or_else(foreign)?;
        let (nonce, closed) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(foreign)?;
        let mut content = Zeroizing::new(closed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key(*salt)?
            .open_in_place(nonce, Aad::from(MAGIC), &mut content)
            .map_err(|_| format!("{} cannot be opened with this key", self.path.display()))?
            .len();
        content.truncate(length);
        Ok(Some(content))
    }

    fn save(&self, cache: &[u8]) -> Result<(), StoreError> {
        let salt = self.present_salt().unwrap_or_else(random::bytes::<SALT>);
        let nonce = random::bytes::<NONCE_LEN>();
        let mut content = Zeroizing::new(cache.to_vec());
        let tag = self
            .key(salt)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(MAGIC), &mut content)
            .map_err(|_| "the tokens cannot be encrypted")?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Made for its owner only, and in the same folder so that it can take the old one's place at once.
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        for part in [MAGIC, &salt, &nonce, &content, tag.as_ref()] {
            file.write_all(part)?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// The salt of the file is kept as long as this process uses it: a new one would cost a new key each time.
    fn present_salt(&self) -> Option<[u8; SALT]> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(salt, _)| *salt)
    }

    fn key(&self, salt: [u8; SALT]) -> Result<Arc<LessSafeKey>, StoreError> {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((own, key)) = &*derived
            && *own == salt
        {
            return Ok(Arc::clone(key));
        }
        let mut bytes = Zeroizing::new([0; 32]);
        match &self.key.0 {
            Material::Key(key) => bytes.copy_from_slice(key.expose_secret()),
            Material::Passphrase(passphrase) => {
                let passphrase = passphrase.expose_secret().as_bytes();
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, passphrase, &mut *bytes);
            }
        }
        let key =
            UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| "the key of the token cache is not usable")?;
        let key = Arc::new(LessSafeKey::new(key));
        *derived = Some((salt, Arc::clone(&key)));
        Ok(key)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    }
}

#[cfg(unix)]
fn owners_only(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn owners_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, key: CacheKey) -> EncryptedFile {
        EncryptedFile::new(folder.join("tokens"), key)
    }

    #[tokio::test]
    async fn what_was_kept_comes_back_and_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let own = file(folder.path(), CacheKey::from_bytes([7; 32]));
        assert!(own.load().await.unwrap().is_none());
        own.save(b"a token".to_vec().into()).await.unwrap();
        assert_eq!(own.load().await.unwrap().unwrap().as_slice(), b"a token");

        let bytes = fs::read(folder.path().join("tokens")).unwrap();
        assert!(!bytes.windows(5).any(|part| part == b"token" && !MAGIC.windows(5).any(|m| m == part)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("tokens")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let stranger = file(folder.path(), CacheKey::from_bytes([8; 32]));
        assert!(stranger.load().await.unwrap_err().to_string().contains("cannot be opened"));
    }

    #[tokio::test]
    async fn a_passphrase_opens_what_it_closed_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let key = || CacheKey::from_passphrase("correct horse");
        file(folder.path(), key()).save(b"a token".to_vec().into()).await.unwrap();
        assert_eq!(file(folder.path(), key()).load().await.unwrap().unwrap().as_slice(), b"a token");
        let path = folder.path().join("tokens");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(file(folder.path(), key()).load().await.is_err());
        fs::write(&path, "something else").unwrap();
        assert!(
            file(folder.path(), key()).load().await.unwrap_err().to_string().contains("not a token cache")
        );
    }

    #[tokio::test]
    async fn one_process_at_a_time_writes() {
        let folder = tempfile::tempdir().unwrap();
        let key = CacheKey::from_bytes([7; 32]);
        let guard = file(folder.path(), key.clone()).lock().await.unwrap();
        let other = file(folder.path(), key);
        let waiting = tokio::spawn(async move { other.lock().await.map(drop) });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!waiting.is_finished());
        drop(guard);
        waiting.await.unwrap().unwrap();
    }
}
