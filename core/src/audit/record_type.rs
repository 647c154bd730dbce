//! The record types of the audit schema, and the other numbers of its common part.

#![allow(clippy::doc_markdown)] // names of products and fields, as the service's table writes them

use crate::open_enum::number_enum;

number_enum! {
    /// What kind of event a record describes. Open: new numbers appear all the time.
    ///
    /// Source: "Office 365 Management Activity API schema", AuditLogRecordType.
    RecordType {
        ExchangeAdmin = 1, "Exchange admin cmdlet run.";
        ExchangeItem = 2, "Single mailbox item touched.";
        ExchangeItemGroup = 3, "Several mailbox items touched in one action.";
        SharePoint = 4, "SharePoint site/admin activity that is not a file action.";
        SharePointFileOperation = 6, "File or page action in SharePoint or OneDrive.";
        OneDrive = 7, "OneDrive activity (older value; most OneDrive file actions arrive as 6).";
        AzureActiveDirectory = 8, "Entra directory change or app event.";
        AzureActiveDirectoryAccountLogon = 9, "Legacy OrgId sign-in; retired.";
        DataCenterSecurityCmdlet = 10, "Microsoft data-centre cmdlet against the tenant.";
        ComplianceDLPSharePoint = 11, "DLP match on a SharePoint or OneDrive document.";
        ComplianceDLPExchange = 13, "DLP match on mail (unified DLP policies only, not transport rules).";
        SharePointSharingOperation = 14, "Sharing, link and access-request action.";
        AzureActiveDirectoryStsLogon = 15, "Entra STS sign-in.";
        SkypeForBusinessPSTNUsage = 16, "Skype PSTN usage.";
        SkypeForBusinessUsersBlocked = 17, "Skype user blocked.";
        SecurityComplianceCenterEOPCmdlet = 18, "Defender/Purview admin cmdlet; Parameters is one string here.";
        ExchangeAggregatedOperation = 19, "Mailbox actions rolled up into one record.";
        PowerBIAudit = 20, "Power BI activity.";
        CRM = 21, "Dynamics 365 activity.";
        VivaEngage = 22, "Viva Engage (Yammer) activity.";
        SkypeForBusinessCmdlets = 23, "Skype admin cmdlet.";
        Discovery = 24, "Content search and eDiscovery case work.";
        MicrosoftTeams = 25, "Teams activity.";
        ThreatIntelligence = 28, "Phishing/malware mail verdict.";
        MailSubmission = 29, "User or admin submission of mail.";
        MicrosoftFlow = 30, "Power Automate activity.";
        AeD = 31, "Premium eDiscovery activity.";
        MicrosoftStream = 32, "Stream activity.";
        ComplianceDLPSharePointClassification = 33, "DLP classification of SharePoint content.";
        ThreatFinder = 34, "ThreatFinder, which the service\'s table does not describe.";
        Project = 35, "Project activity.";
        SharePointListOperation = 36, "SharePoint list activity.";
        SharePointCommentOperation = 37, "SharePoint comment activity.";
        DataGovernance = 38, "Retention policy or label change.";
        Kaizala = 39, "Kaizala, which the service\'s table does not describe.";
        SecurityComplianceAlerts = 40, "Defender/Purview alert; Data is a JSON string.";
        ThreatIntelligenceUrl = 41, "Safe Links click verdict.";
        SecurityComplianceInsights = 42, "SecurityComplianceInsights, which the service\'s table does not describe.";
        MIPLabel = 43, "Sensitivity label seen on mail in transport.";
        VivaInsights = 44, "Viva Insights activity.";
        PowerAppsApp = 45, "Power Apps app activity.";
        PowerAppsPlan = 46, "PowerAppsPlan, which the service\'s table does not describe.";
        ThreatIntelligenceAtpContent = 47, "Malicious file verdict in SharePoint, OneDrive or Teams.";
        LabelContentExplorer = 48, "LabelContentExplorer, which the service\'s table does not describe.";
        TeamsHealthcare = 49, "TeamsHealthcare, which the service\'s table does not describe.";
        ExchangeItemAggregated = 50, "MailItemsAccessed and similar roll-ups.";
        HygieneEvent = 51, "Outbound spam action.";
        DataInsightsRestApiAudit = 52, "Internal Data Insights API call.";
        InformationBarrierPolicyApplication = 53, "InformationBarrierPolicyApplication, which the service\'s table does not describe.";
        SharePointListItemOperation = 54, "SharePoint list item activity.";
        SharePointContentTypeOperation = 55, "SharePoint content type activity.";
        SharePointFieldOperation = 56, "SharePoint list column activity.";
        MicrosoftTeamsAdmin = 57, "Teams admin action.";
        HRSignal = 58, "HRSignal, which the service\'s table does not describe.";
        MicrosoftTeamsDevice = 59, "Teams device event.";
        MicrosoftTeamsAnalytics = 60, "MicrosoftTeamsAnalytics, which the service\'s table does not describe.";
        InformationWorkerProtection = 61, "InformationWorkerProtection, which the service\'s table does not describe.";
        Campaign = 62, "Mail attack campaign.";
        DLPEndpoint = 63, "Endpoint DLP event.";
        AirInvestigation = 64, "Automated investigation; nested payloads are JSON strings.";
        Quarantine = 65, "Quarantine action.";
        MicrosoftForms = 66, "Forms activity.";
        ApplicationAudit = 67, "ApplicationAudit, which the service\'s table does not describe.";
        ComplianceSupervisionExchange = 68, "Communication compliance event.";
        CustomerKeyServiceEncryption = 69, "CustomerKeyServiceEncryption, which the service\'s table does not describe.";
        OfficeNative = 70, "OfficeNative, which the service\'s table does not describe.";
        MipAutoLabelSharePointItem = 71, "Auto-labelling of a SharePoint item.";
        MipAutoLabelSharePointPolicyLocation = 72, "MipAutoLabelSharePointPolicyLocation, which the service\'s table does not describe.";
        MicrosoftTeamsShifts = 73, "MicrosoftTeamsShifts, which the service\'s table does not describe.";
        MipAutoLabelExchangeItem = 75, "Auto-labelling of a mail item.";
        CortanaBriefing = 76, "CortanaBriefing, which the service\'s table does not describe.";
        WDATPAlerts = 78, "WDATPAlerts, which the service\'s table does not describe.";
        PowerAppsResource = 79, "PowerAppsResource, which the service\'s table does not describe.";
        SensitivityLabelPolicyMatch = 82, "Label policy match.";
        SensitivityLabelAction = 83, "Label put on, changed or removed.";
        SensitivityLabeledFileAction = 84, "Labelled file opened or renamed.";
        AttackSim = 85, "Attack simulation user activity.";
        AirManualInvestigation = 86, "AirManualInvestigation, which the service\'s table does not describe.";
        SecurityComplianceRBAC = 87, "SecurityComplianceRBAC, which the service\'s table does not describe.";
        UserTraining = 88, "UserTraining, which the service\'s table does not describe.";
        AirAdminActionInvestigation = 89, "AirAdminActionInvestigation, which the service\'s table does not describe.";
        MSTIC = 90, "MSTIC, which the service\'s table does not describe.";
        PhysicalBadgingSignal = 91, "PhysicalBadgingSignal, which the service\'s table does not describe.";
        TeamsEasyApprovals = 92, "TeamsEasyApprovals, which the service\'s table does not describe.";
        AipDiscover = 93, "Information-protection scanner/client discovery.";
        AipSensitivityLabelAction = 94, "Label change from the information-protection client.";
        AipProtectionAction = 95, "Protection change from the information-protection client.";
        AipFileDeleted = 96, "File deletion seen by the information-protection client.";
        AipHeartBeat = 97, "Information-protection client heartbeat.";
        MCASAlerts = 98, "Defender for Cloud Apps alert.";
        OnPremisesFileShareScannerDlp = 99, "OnPremisesFileShareScannerDlp, which the service\'s table does not describe.";
        OnPremisesSharePointScannerDlp = 100, "OnPremisesSharePointScannerDlp, which the service\'s table does not describe.";
        ExchangeSearch = 101, "Mailbox search in Outlook on the web.";
        SharePointSearch = 102, "SharePoint home search.";
        PrivacyInsights = 103, "PrivacyInsights, which the service\'s table does not describe.";
        MyAnalyticsSettings = 105, "MyAnalyticsSettings, which the service\'s table does not describe.";
        SecurityComplianceUserChange = 106, "SecurityComplianceUserChange, which the service\'s table does not describe.";
        ComplianceDLPExchangeClassification = 107, "ComplianceDLPExchangeClassification, which the service\'s table does not describe.";
        MipExactDataMatch = 109, "MipExactDataMatch, which the service\'s table does not describe.";
        MS365DCustomDetection = 113, "Custom detection action in Defender XDR.";
        CoreReportingSettings = 147, "CoreReportingSettings, which the service\'s table does not describe.";
        ComplianceConnector = 148, "Third-party data connector activity.";
        OMEPortal = 154, "External recipient used the encrypted-mail portal.";
        MipLabelAnalyticsAuditRecord = 157, "MipLabelAnalyticsAuditRecord, which the service\'s table does not describe.";
        ScorePlatformGenericAuditRecord = 164, "ScorePlatformGenericAuditRecord, which the service\'s table does not describe.";
        DataShareOperation = 174, "DataShareOperation, which the service\'s table does not describe.";
        EduDataLakeDownloadOperation = 181, "EduDataLakeDownloadOperation, which the service\'s table does not describe.";
        MicrosoftGraphDataConnectOperation = 183, "MicrosoftGraphDataConnectOperation, which the service\'s table does not describe.";
        PowerPagesSite = 186, "PowerPagesSite, which the service\'s table does not describe.";
        PowerPlatformAdminDlp = 187, "PowerPlatformAdminDlp, which the service\'s table does not describe.";
        PlannerPlan = 188, "Planner plan.";
        PlannerCopyPlan = 189, "PlannerCopyPlan, which the service\'s table does not describe.";
        PlannerTask = 190, "Planner task.";
        PlannerRoster = 191, "PlannerRoster, which the service\'s table does not describe.";
        PlannerPlanList = 192, "PlannerPlanList, which the service\'s table does not describe.";
        PlannerTaskList = 193, "PlannerTaskList, which the service\'s table does not describe.";
        PlannerTenantSettings = 194, "PlannerTenantSettings, which the service\'s table does not describe.";
        ProjectForThewebProject = 195, "ProjectForThewebProject, which the service\'s table does not describe.";
        ProjectForThewebTask = 196, "ProjectForThewebTask, which the service\'s table does not describe.";
        ProjectForThewebRoadmap = 197, "ProjectForThewebRoadmap, which the service\'s table does not describe.";
        ProjectForThewebRoadmapItem = 198, "ProjectForThewebRoadmapItem, which the service\'s table does not describe.";
        ProjectForThewebProjectSettings = 199, "ProjectForThewebProjectSettings, which the service\'s table does not describe.";
        ProjectForThewebRoadmapSettings = 200, "ProjectForThewebRoadmapSettings, which the service\'s table does not describe.";
        MicrosoftTodoAudit = 202, "MicrosoftTodoAudit, which the service\'s table does not describe.";
        MicrosoftTeamsSensitivityLabelAction = 206, "MicrosoftTeamsSensitivityLabelAction, which the service\'s table does not describe.";
        VivaGoals = 216, "Viva Goals activity.";
        MicrosoftGraphDataConnectConsent = 217, "MicrosoftGraphDataConnectConsent, which the service\'s table does not describe.";
        AttackSimAdmin = 218, "AttackSimAdmin, which the service\'s table does not describe.";
        TeamsUpdates = 230, "TeamsUpdates, which the service\'s table does not describe.";
        PlannerRosterSensitivityLabel = 231, "PlannerRosterSensitivityLabel, which the service\'s table does not describe.";
        MicrosoftDefenderForIdentityAudit = 235, "MicrosoftDefenderForIdentityAudit, which the service\'s table does not describe.";
        DefenderExpertsforXDRAdmin = 237, "DefenderExpertsforXDRAdmin, which the service\'s table does not describe.";
        VfamCreatePolicy = 251, "VfamCreatePolicy, which the service\'s table does not describe.";
        VfamUpdatePolicy = 252, "VfamUpdatePolicy, which the service\'s table does not describe.";
        VfamDeletePolicy = 253, "VfamDeletePolicy, which the service\'s table does not describe.";
        PowerPlatformAdministratorActivity = 256, "Power Platform admin action.";
        Windows365CustomerLockbox = 257, "Windows 365 Customer Lockbox.";
        CopilotInteraction = 261, "Copilot prompt/response event.";
        VivaLearning = 265, "VivaLearning, which the service\'s table does not describe.";
        VivaLearningAdmin = 266, "VivaLearningAdmin, which the service\'s table does not describe.";
        PeopleAdminSettings = 269, "PeopleAdminSettings, which the service\'s table does not describe.";
        OWAAuth = 275, "Outlook on the web token issued.";
        SharePointESignature = 277, "SharePointESignature, which the service\'s table does not describe.";
        Dynamics365BusinessCentral = 278, "Dynamics365BusinessCentral, which the service\'s table does not describe.";
        MeshWorlds = 279, "MeshWorlds, which the service\'s table does not describe.";
        VivaPulseResponse = 280, "VivaPulseResponse, which the service\'s table does not describe.";
        VivaPulseOrganizer = 281, "VivaPulseOrganizer, which the service\'s table does not describe.";
        VivaPulseAdmin = 282, "VivaPulseAdmin, which the service\'s table does not describe.";
        VivaPulseReport = 283, "VivaPulseReport, which the service\'s table does not describe.";
        AIAppInteraction = 284, "AIAppInteraction, which the service\'s table does not describe.";
        ComplianceDLMExchange = 285, "ComplianceDLMExchange, which the service\'s table does not describe.";
        ComplianceDLMSharePoint = 286, "ComplianceDLMSharePoint, which the service\'s table does not describe.";
        ProjectForThewebAssignedToMeSettings = 287, "ProjectForThewebAssignedToMeSettings, which the service\'s table does not describe.";
        CloudPolicyService = 288, "CloudPolicyService, which the service\'s table does not describe.";
        SensitiveInfoDiscovered = 291, "SensitiveInfoDiscovered, which the service\'s table does not describe.";
        InsiderRiskScopedUserInsights = 292, "InsiderRiskScopedUserInsights, which the service\'s table does not describe.";
        MicrosoftTeamsRetentionLabelAction = 293, "MicrosoftTeamsRetentionLabelAction, which the service\'s table does not describe.";
        AadRiskDetection = 294, "Entra risk detection.";
        AuditSearch = 295, "Admin used Purview Audit search.";
        AuditRetentionPolicy = 296, "AuditRetentionPolicy, which the service\'s table does not describe.";
        AuditConfig = 297, "AuditConfig, which the service\'s table does not describe.";
        BackupPolicy = 298, "Microsoft 365 Backup policy.";
        RestoreTask = 299, "RestoreTask, which the service\'s table does not describe.";
        RestoreItem = 300, "RestoreItem, which the service\'s table does not describe.";
        BackupItem = 301, "BackupItem, which the service\'s table does not describe.";
        URBACAssignment = 302, "URBACAssignment, which the service\'s table does not describe.";
        URBACRole = 303, "URBACRole, which the service\'s table does not describe.";
        URBACEnableState = 304, "URBACEnableState, which the service\'s table does not describe.";
        PurviewInsiderRiskCases = 306, "PurviewInsiderRiskCases, which the service\'s table does not describe.";
        PurviewInsiderRiskAlerts = 307, "PurviewInsiderRiskAlerts, which the service\'s table does not describe.";
        InsiderRiskScopedUsers = 308, "InsiderRiskScopedUsers, which the service\'s table does not describe.";
        CreateCopilotPlugin = 310, "CreateCopilotPlugin, which the service\'s table does not describe.";
        UpdateCopilotPlugin = 311, "UpdateCopilotPlugin, which the service\'s table does not describe.";
        DeleteCopilotPlugin = 312, "DeleteCopilotPlugin, which the service\'s table does not describe.";
        EnableCopilotPlugin = 313, "EnableCopilotPlugin, which the service\'s table does not describe.";
        DisableCopilotPlugin = 314, "DisableCopilotPlugin, which the service\'s table does not describe.";
        CreateCopilotWorkspace = 315, "CreateCopilotWorkspace, which the service\'s table does not describe.";
        UpdateCopilotWorkspace = 316, "UpdateCopilotWorkspace, which the service\'s table does not describe.";
        DeleteCopilotWorkspace = 317, "DeleteCopilotWorkspace, which the service\'s table does not describe.";
        EnableCopilotWorkspace = 318, "EnableCopilotWorkspace, which the service\'s table does not describe.";
        DisableCopilotWorkspace = 319, "DisableCopilotWorkspace, which the service\'s table does not describe.";
        CreateCopilotPromptBook = 320, "CreateCopilotPromptBook, which the service\'s table does not describe.";
        UpdateCopilotPromptBook = 321, "UpdateCopilotPromptBook, which the service\'s table does not describe.";
        DeleteCopilotPromptBook = 322, "DeleteCopilotPromptBook, which the service\'s table does not describe.";
        EnableCopilotPromptBook = 323, "EnableCopilotPromptBook, which the service\'s table does not describe.";
        DisableCopilotPromptBook = 324, "DisableCopilotPromptBook, which the service\'s table does not describe.";
        UpdateCopilotSettings = 325, "UpdateCopilotSettings, which the service\'s table does not describe.";
        ConnectedAIAppInteraction = 328, "ConnectedAIAppInteraction, which the service\'s table does not describe.";
        PrivaPrivacyConsentOperation = 329, "PrivaPrivacyConsentOperation, which the service\'s table does not describe.";
        PrivaPrivacyAssessmentOperation = 330, "PrivaPrivacyAssessmentOperation, which the service\'s table does not describe.";
        DataCatalogAccessRequests = 331, "DataCatalogAccessRequests, which the service\'s table does not describe.";
        ComplianceSettingsChange = 332, "ComplianceSettingsChange, which the service\'s table does not describe.";
        DataSecurityInvestigation = 333, "DataSecurityInvestigation, which the service\'s table does not describe.";
        TeamCopilotInteraction = 334, "Facilitator in Teams.";
        IRMActivityAuditTrail = 335, "IRMActivityAuditTrail, which the service\'s table does not describe.";
        SharePointContentSecurityPolicy = 336, "SharePointContentSecurityPolicy, which the service\'s table does not describe.";
        CloudUpdateProfileConfig = 337, "CloudUpdateProfileConfig, which the service\'s table does not describe.";
        CloudUpdateTenantConfig = 338, "CloudUpdateTenantConfig, which the service\'s table does not describe.";
        CloudUpdateDeviceConfig = 339, "CloudUpdateDeviceConfig, which the service\'s table does not describe.";
        DeviceDiscoverySettingsExclusion = 341, "DeviceDiscoverySettingsExclusion, which the service\'s table does not describe.";
        DeviceDiscoverySettingsAuthenticatedScans = 342, "DeviceDiscoverySettingsAuthenticatedScans, which the service\'s table does not describe.";
        DeviceDiscoverySettings = 344, "DeviceDiscoverySettings, which the service\'s table does not describe.";
        USXWorkspaceOnboarding = 345, "USXWorkspaceOnboarding, which the service\'s table does not describe.";
        VivaGlintAdvancedConfiguration = 346, "VivaGlintAdvancedConfiguration, which the service\'s table does not describe.";
        VivaGlintPulseProgram = 347, "VivaGlintPulseProgram, which the service\'s table does not describe.";
        VivaGlintPulseProgramRespondentRate = 348, "VivaGlintPulseProgramRespondentRate, which the service\'s table does not describe.";
        VivaGlintQuestion = 349, "VivaGlintQuestion, which the service\'s table does not describe.";
        VivaGlintRole = 350, "VivaGlintRole, which the service\'s table does not describe.";
        VivaGlintRubicon = 351, "VivaGlintRubicon, which the service\'s table does not describe.";
        VivaGlintSupportAccess = 352, "VivaGlintSupportAccess, which the service\'s table does not describe.";
        VivaGlintSystem = 353, "VivaGlintSystem, which the service\'s table does not describe.";
        VivaGlintUser = 354, "VivaGlintUser, which the service\'s table does not describe.";
        VivaGlintUserGroup = 355, "VivaGlintUserGroup, which the service\'s table does not describe.";
        VivaGlintFeedbackProgram = 356, "VivaGlintFeedbackProgram, which the service\'s table does not describe.";
        FabricAudit = 357, "Fabric activity.";
        TrainableClassifier = 358, "TrainableClassifier, which the service\'s table does not describe.";
        WebContentFiltering = 359, "WebContentFiltering, which the service\'s table does not describe.";
        NoisyAlertPolicy = 360, "NoisyAlertPolicy, which the service\'s table does not describe.";
        DataScanClassification = 361, "DataScanClassification, which the service\'s table does not describe.";
        AIInteractionsExport = 362, "AIInteractionsExport, which the service\'s table does not describe.";
        Microsoft365CopilotScheduledPrompt = 363, "Scheduled Copilot prompt.";
        PlacesDirectory = 364, "PlacesDirectory, which the service\'s table does not describe.";
        SentinelNotebookOnLake = 365, "SentinelNotebookOnLake, which the service\'s table does not describe.";
        SentinelJob = 366, "SentinelJob, which the service\'s table does not describe.";
        SentinelKQLOnLake = 367, "SentinelKQLOnLake, which the service\'s table does not describe.";
        SentinelLakeOnboarding = 368, "SentinelLakeOnboarding, which the service\'s table does not describe.";
        SentinelLakeDataOnboarding = 369, "SentinelLakeDataOnboarding, which the service\'s table does not describe.";
        SentinelAITool = 370, "SentinelAITool, which the service\'s table does not describe.";
        SentinelGraph = 371, "SentinelGraph, which the service\'s table does not describe.";
        CrossTenantAccessPolicy = 372, "CrossTenantAccessPolicy, which the service\'s table does not describe.";
        OutlookCopilotAutomation = 373, "OutlookCopilotAutomation, which the service\'s table does not describe.";
        VivaEngageNetworkAssociation = 374, "VivaEngageNetworkAssociation, which the service\'s table does not describe.";
        AppAdminActivity = 375, "AppAdminActivity, which the service\'s table does not describe.";
        AppSettingsAdminActivity = 376, "AppSettingsAdminActivity, which the service\'s table does not describe.";
        UniversalPrintPrintJob = 377, "UniversalPrintPrintJob, which the service\'s table does not describe.";
        VivaAmplifyOutlookSensitivityLabel = 378, "VivaAmplifyOutlookSensitivityLabel, which the service\'s table does not describe.";
        AIInteractionsSubscription = 379, "AIInteractionsSubscription, which the service\'s table does not describe.";
        AIInteractionsChangeNotification = 380, "AIInteractionsChangeNotification, which the service\'s table does not describe.";
        FilteringMailMetadataExtended = 381, "FilteringMailMetadataExtended, which the service\'s table does not describe.";
        OfficeRestrictedModeAction = 382, "OfficeRestrictedModeAction, which the service\'s table does not describe.";
        CopilotForSecurityTrigger = 383, "CopilotForSecurityTrigger, which the service\'s table does not describe.";
        CopilotAgentManagement = 384, "CopilotAgentManagement, which the service\'s table does not describe.";
        P4AIAssessmentFabricScannerRecord = 385, "P4AIAssessmentFabricScannerRecord, which the service\'s table does not describe.";
        PlannerGoal = 386, "PlannerGoal, which the service\'s table does not describe.";
        PlannerGoalList = 387, "PlannerGoalList, which the service\'s table does not describe.";
        PlannerChatMessage = 401, "PlannerChatMessage, which the service\'s table does not describe.";
        PlannerChatMessageList = 402, "PlannerChatMessageList, which the service\'s table does not describe.";
        VivaEngageSegment = 414, "VivaEngageSegment, which the service\'s table does not describe.";
        VivaEngageEvents = 422, "VivaEngageEvents, which the service\'s table does not describe.";
        UniversalPrintManagement = 427, "UniversalPrintManagement, which the service\'s table does not describe.";
        PurviewPostureAgent = 430, "PurviewPostureAgent, which the service\'s table does not describe.";
        GranularBrowseTask = 431, "GranularBrowseTask, which the service\'s table does not describe.";
        TeamsEvalDataHubDataAccess = 444, "TeamsEvalDataHubDataAccess, which the service\'s table does not describe.";
        TeamsEvalDataHubPermissionChange = 445, "TeamsEvalDataHubPermissionChange, which the service\'s table does not describe.";
        DragonCopilotAdmin = 454, "DragonCopilotAdmin, which the service\'s table does not describe.";
        MicrosoftTeamsUserConcern = 462, "User-reported security concern in Teams.";
        VivaGlintAgenticCampaign = 463, "VivaGlintAgenticCampaign, which the service\'s table does not describe.";
    }
}

number_enum! {
    /// Who acted.
    UserType {
        Regular = 0, "A user without administrative rights.";
        Reserved = 1, "Reserved.";
        Admin = 2, "An administrator of the tenant; never used by Entra ID.";
        DcAdmin = 3, "An operator of a Microsoft data centre.";
        System = 4, "A system account.";
        Application = 5, "An application.";
        ServicePrincipal = 6, "A service principal.";
        CustomPolicy = 7, "A policy of the tenant's.";
        SystemPolicy = 8, "A policy of the service's.";
        PartnerTechnician = 9, "A technician of a partner.";
        Guest = 10, "A guest.";
    }
}

number_enum! {
    /// Where the event happened.
    AuditLogScope {
        Online = 0, "In the cloud service.";
        Onprem = 1, "On premises.";
    }
}

/// The families that record types are grouped by; the grouping is this library's, not the service's.
pub(super) fn family(record_type: RecordType) -> Option<&'static str> {
    let family = match record_type.0 {
        1 | 2 | 3 | 19 | 50 | 101 | 154 | 275 | 373 | 381 => "exchange",
        4 | 6 | 7 | 14 | 36 | 37 | 54 | 55 | 56 | 102 | 277 | 336 => "sharepoint",
        8 | 9 | 15 | 294 | 372 => "entra",
        10 | 32 | 66 | 67 | 69 | 70 | 147 | 174 | 181 | 183 | 202 | 217 | 257 | 269 | 279 | 288 | 337
        | 338 | 339 | 364 | 375 | 376 | 377 | 382 | 427 => "other",
        11 | 13 | 33 | 43 | 48 | 63 | 71 | 72 | 75 | 82 | 83 | 84 | 93 | 94 | 95 | 96 | 97 | 99 | 100
        | 107 | 109 | 157 | 187 | 206 | 231 | 291 | 358 | 361 | 378 => "information-protection",
        16 | 17 | 23 | 39 => "skype-legacy",
        18 | 24 | 31 | 38 | 40 | 42 | 52 | 53 | 58 | 61 | 68 | 87 | 91 | 103 | 106 | 148 | 164 | 285
        | 286 | 292 | 295 | 296 | 297 | 306 | 307 | 308 | 329 | 330 | 331 | 332 | 333 | 335 | 430 => {
            "purview"
        }
        20 | 21 | 30 | 45 | 46 | 79 | 186 | 256 | 278 | 357 | 385 => "power-platform",
        22 | 44 | 76 | 105 | 216 | 251 | 252 | 253 | 265 | 266 | 280 | 281 | 282 | 283 | 346 | 347 | 348
        | 349 | 350 | 351 | 352 | 353 | 354 | 355 | 356 | 374 | 414 | 422 | 463 => "viva",
        25 | 49 | 57 | 59 | 60 | 73 | 92 | 230 | 293 | 334 | 444 | 445 | 462 => "teams",
        28 | 29 | 34 | 41 | 47 | 51 | 62 | 64 | 65 | 78 | 85 | 86 | 88 | 89 | 90 | 98 | 113 | 218 | 235
        | 237 | 302 | 303 | 304 | 341 | 342 | 344 | 345 | 359 | 360 => "defender",
        35 | 188 | 189 | 190 | 191 | 192 | 193 | 194 | 195 | 196 | 197 | 198 | 199 | 200 | 287 | 386
        | 387 | 401 | 402 => "planner-project",
        261 | 284 | 310 | 311 | 312 | 313 | 314 | 315 | 316 | 317 | 318 | 319 | 320 | 321 | 322 | 323
        | 324 | 325 | 328 | 362 | 363 | 379 | 380 | 383 | 384 | 454 => "copilot-ai",
        298 | 299 | 300 | 301 | 431 => "backup",
        365..=371 => "sentinel",
        _ => return None,
    };
    Some(family)
}
